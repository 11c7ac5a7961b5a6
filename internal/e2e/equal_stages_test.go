//go:build e2e

package e2e

import (
	"testing"
)

func TestStagesAndConfigAreUpstreams(t *testing.T) {
	e := mustEnv(t)
	onbuild := imageName(e.registry, t, "onbuild")
	build{
		context:  dockerfile("FROM busybox\nONBUILD ARG WHO=nobody\nONBUILD COPY f /onbuild/\nONBUILD RUN echo built for $WHO | tee /onbuild/log\nONBUILD USER 1000\nENV BASE=1\n"),
		frontend: upstream, output: push(onbuild),
	}.mustRun(t, e)
	other := files{"from-other": "named context\n"}.write(t)
	image := imageName(e.registry, t, "context")
	build{context: dockerfile("FROM busybox\nRUN echo named image > /named\nENV NAMED=1\n"), frontend: upstream, output: push(image)}.mustRun(t, e)
	const stages = "FROM busybox AS base\nRUN echo base > /base\nFROM base AS one\nRUN echo one > /one; echo ran one\nFROM base AS two\nCOPY --from=one /one /two\n" +
		"RUN echo ran two\nFROM scratch AS empty\nFROM two\nCOPY --from=one /one /last\nRUN echo ran last\n"
	compareAll(t, []comparison{
		{
			name: "onbuild", context: files{"Dockerfile": "FROM " + onbuild + "\nRUN id -u\n", "f": "x"},
			opts: []string{"build-arg:WHO=me"}, prints: []string{"built for me", "1000"},
		},
		{
			name: "arguments", context: dockerfile("ARG TAG=latest\nFROM busybox:$TAG AS one\nARG TAG\nARG A=1\nARG B=${A}2\nENV C=$B A=env\nRUN echo $TAG $A $B $C\nFROM busybox\nARG A=default\nRUN echo \"[$A] [$B] [$TAG] [$TARGETPLATFORM]\"\nARG TARGETPLATFORM\nRUN echo \"[$TARGETPLATFORM]\"\nCOPY --from=one /bin/true /t\nENV X=${A:-none} Y=${B:+set} Z=${A#d}\nRUN env | grep -E '^[XYZ]='\n"),
			opts:   []string{"build-arg:A=given"},
			prints: []string{"latest env given2 given2", "[given] [] [] []", "X=given"},
		},
		{
			name: "config", context: dockerfile("FROM busybox\nLABEL a=b \"c d\"=\"e f\"\nEXPOSE 80 53/udp\nVOLUME /v\nSTOPSIGNAL SIGINT\nHEALTHCHECK --interval=5s CMD true\nENV E=1\nUSER nobody:users\nWORKDIR /w\nSHELL [\"/bin/ash\", \"-c\"]\nENTRYPOINT [\"entry\"]\nCMD a shell command\nRUN echo $E; id -u; stat -c '%A %u:%g' /w\n"),
			opts:   []string{"label:extra=1"},
			prints: []string{"65534"},
		},
		{name: "stages", context: dockerfile(stages), prints: []string{"ran one", "ran two", "ran last"}},
		{name: "target", context: dockerfile(stages), opts: []string{"target=one"}, prints: []string{"ran one"}},
		{name: "target by number", context: dockerfile(stages), opts: []string{"target=2"}, fails: "could not be found"},
		{name: "empty target", context: dockerfile(stages), opts: []string{"target=empty"}},
		{name: "unknown target", context: dockerfile(stages), opts: []string{"target=nosuch"}, fails: "nosuch"},
		{
			name: "named contexts", context: dockerfile("FROM base\nCOPY --from=local from-other /\nRUN --mount=from=local,target=/m cat /m/from-other; cat /named; echo $NAMED\nFROM busybox AS last\nCOPY --from=base /named /n\nCOPY --from=0 /from-other /\n"),
			opts:   []string{"context:base=docker-image://" + image, "context:local=local:elsewhere"},
			args:   []string{"--local", "elsewhere=" + other},
			prints: []string{"named context", "named image", "1"},
		},
		{
			name: "other Dockerfile", context: files{"Dockerfile": "not this", "sub/Other.Dockerfile": "FROM busybox\nCOPY . /c\nRUN ls /c\n", "sub/Other.Dockerfile.dockerignore": "Dockerfile\n"},
			opts:   []string{"filename=sub/Other.Dockerfile"},
			prints: []string{"sub"},
		},
		{
			name: "platform stage", context: dockerfile("FROM --platform=$BUILDPLATFORM busybox AS b\nARG TARGETARCH\nRUN echo for $TARGETARCH > /o\nFROM scratch\nCOPY --from=b /o /o\n"),
		},
		{
			name: "lint warnings do not fail", context: dockerfile("from busybox as Mixed\nENV old form\nMAINTAINER me\nRUN echo fine\n"), prints: []string{"fine"},
		},
		{
			name: "checks as errors", context: dockerfile("# check=error=true\nFROM busybox as mixed\nRUN echo fine\n"), fails: "lint violation",
		},
		{
			name: "no steps", context: dockerfile("FROM scratch\nLABEL a=b\n"),
		},
	})
}
