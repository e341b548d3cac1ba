package main

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/ori-lang/registry/archive"
	"github.com/ori-lang/registry/client"
)

// explainSettings is for what is settled about registries and tokens.
func explainSettings(err error) (explanation, error) {
	if errors.Is(err, client.ErrNoDefault) {
		return explanation{
			Code: "usage", Message: client.ErrNoDefault.Error(), ExitCode: exitUsage,
			Hint: "--registry URL; or set ORI_REGISTRY_URL; or once for good: oripk login --registry URL",
		}, client.ErrNoDefault
	}
	if setting, ok := errors.AsType[*client.SettingError](err); ok {
		return explanation{Code: "usage", Message: client.Printable(setting.What), Hint: client.Printable(setting.Try), ExitCode: exitUsage}, setting
	}
	if config, ok := errors.AsType[*client.ConfigError](err); ok {
		return explanation{
			Code: "config_invalid", Message: client.Printable(config.Error()), ExitCode: exitUsage,
			Hint: cmp.Or(client.Printable(config.Hint), "correct that place; it may hold default = \"NAME\", and in [registries.NAME] url, scopes and log-key"),
		}, config
	}
	if kept, ok := errors.AsType[*client.CredentialsError](err); ok {
		return explanation{Code: "credentials", Message: client.Printable(kept.Error()), Hint: client.Printable(kept.Hint), ExitCode: exitFailed}, kept
	}
	if unconfirmed, ok := errors.AsType[*client.UnconfirmedError](err); ok {
		return explainUnconfirmed(unconfirmed), unconfirmed
	}
	return explanation{}, nil
}

// explainUnconfirmed is for a checkout that may be after tokens.
func explainUnconfirmed(e *client.UnconfirmedError) explanation {
	details := []string{
		fmt.Sprintf("%s gives [registries.%s] the address %s", archive.ManifestName, e.Name, e.URL),
		fmt.Sprintf("the token for %q, which is in %s, was not sent there, and nobody was asked", e.Name, e.TokenFrom),
	}
	if e.Configured != "" {
		details = append(details, fmt.Sprintf("%s gives it the address %s", e.ConfigFile, e.Configured))
	}
	for i := range details {
		details[i] = client.Printable(details[i])
	}
	return explanation{
		Code: "unconfirmed_registry", Message: client.Printable(e.Error()), Details: details, ExitCode: exitAuth,
		Hint: client.Printable(fmt.Sprintf("if the project is right, say so: [registries.%s] url = %q in %s, or %s; if not, do not trust that checkout",
			e.Name, e.URL, e.ConfigFile, client.Variable(e.Name, "URL"))),
	}
}
