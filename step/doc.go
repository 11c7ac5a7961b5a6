// Package step holds what the parts of Sworn tell each other about a build step:
// [Config], from the frontend to the runner; [Record], from the runner to the
// evidence tool; [Plan], from the frontend to the evidence tool.
//
// All three are hostile input to their reader: they are decoded strictly and
// bounded. The package imports nothing but the standard library, so that the
// runner, whose digest is part of every step's cache key, changes rarely.
//
//	s, err := step.EncodeConfig(step.Config{Observe: true, Harden: step.HardenBaseline})
//	env = append(env, step.ConfigEnv+"="+s)
package step
