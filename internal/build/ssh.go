package build

import (
	"github.com/moby/buildkit/cmd/buildctl/build"
	"github.com/moby/buildkit/frontend/dockerfile/dfgitutil"
	"github.com/moby/buildkit/session/sshforward/sshprovider"
	"github.com/moby/buildkit/util/gitutil"
)

// addSSH offers SSH agents. A context that is fetched over SSH gets the default agent,
// if there is one, without asking.
func (r *Request) addSSH(list []string) error {
	if _, agent := r.env("SSH_AUTH_SOCK"); len(list) == 0 && agent && isGitSSH(r.options.Input.Context) {
		list = []string{"default"}
	}
	if len(list) == 0 {
		return nil
	}
	configs, err := build.ParseSSH(list)
	if err != nil {
		return wrapUsage("--ssh", err)
	}
	provider, err := sshprovider.NewSSHAgentProvider(configs)
	if err != nil {
		return wrapUsage("--ssh", err)
	}
	r.solve.Session = append(r.solve.Session, provider)
	return nil
}

func isGitSSH(context string) bool {
	ref, ok, err := dfgitutil.ParseGitRef(context)
	if !ok || err != nil || isDir(context) {
		return false
	}
	u, err := gitutil.ParseURL(ref.Remote)
	return err == nil && u.Scheme == gitutil.SSHProtocol
}
