package dialog

import (
	"context"
	"fmt"
	"regexp"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/question"
)

var secretName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,63}$`)

func init() {
	node.RegisterControl(node.Control[credentialIn, credentialOut]{
		Type: "dialog.credential", Title: "Ask for a user name and password", CanFail: true, Asks: true,
		Doc: "Asks for a user name and a password. The password is no output: the run knows it under the name given here, and params for secrets take it as {secret: NAME}. " +
			"It stays in the memory of the process that asked, is masked wherever it would be shown, and is never written down. After a crash, or in another process, it is asked again when the run comes past this node; ask before a loop rather than inside. " +
			"It cannot be answered with --answer. An unattended run goes on if a secret of that name is set (AETHER_SECRET_NAME) and otherwise waits for a person at a terminal.",
		Ports: ports,
		Check: func(in credentialIn) error {
			if in.Name != "" && !secretName.MatchString(in.Name) {
				return fmt.Errorf("%q is no name of a secret: letters, digits and _", in.Name)
			}
			return nil
		},
		Route: func(_ context.Context, in credentialIn) (node.Move, error) {
			if !secretName.MatchString(in.Name) {
				return nil, node.Fail(node.KindInput, fmt.Sprintf("%q is no name of a secret", in.Name), "use letters, digits and _")
			}
			q := in.form(question.Form)
			if in.AskUsername {
				q.Fields = append(q.Fields, question.Field{Name: "username", Label: in.UsernameLabel, Type: question.Text, Required: true, Default: text(in.Username)})
			}
			q.Fields = append(q.Fields, question.Field{Name: "password", Label: in.PasswordLabel, Type: question.Secret, Required: true, Keep: in.Name})
			if in.AskRemember {
				q.Fields = append(q.Fields, question.Field{Name: "remember", Label: "Remember", Type: question.Bool, Default: false})
			}
			if !in.AskUsername || in.Username != nil {
				q.Default = &question.Answer{Button: okButton}
			}
			if in.OnTimeout == question.TakeDefault {
				in.OnTimeout = question.Fail
			}
			return in.ask(q, func(r question.Reply) map[string]any {
				user, _ := r.Values["username"].(string)
				remember, _ := r.Values["remember"].(bool)
				return map[string]any{"username": user, "remember": remember, "confirmed": confirms(r)}
			})
		},
		YAML: "- {id: login, type: dialog.credential, params: {name: bank, message: Your login at the bank}}\n- {id: fetch, type: http.request, params: {url: 'https://bank.example/list', auth: {kind: basic, user: '{{ nodes.login.username }}', password: {secret: bank}}}}\n# login -> fetch",
	})
}

type credentialIn struct {
	Name          string  `json:"name" is:"required" doc:"Name under which the run knows the password: {secret: NAME}. It hides a secret of the same name that is set outside."`
	AskUsername   bool    `json:"ask_username" default:"true" doc:"Whether to ask for a user name as well."`
	Username      *string `json:"username" doc:"User name that is filled in beforehand, and that an unattended run takes."`
	AskRemember   bool    `json:"ask_remember" doc:"Whether to ask if it is to be remembered. Nothing is remembered by itself; the flow is told."`
	UsernameLabel string  `json:"username_label" default:"User name" is:"advanced" doc:"Name of the first field."`
	PasswordLabel string  `json:"password_label" default:"Password" is:"advanced" doc:"Name of the second field."`
	looks
	ending
}

type credentialOut struct {
	Username  string `json:"username" doc:"The user name."`
	Remember  bool   `json:"remember" doc:"Whether it is to be remembered."`
	Confirmed bool   `json:"confirmed" doc:"Whether it was given."`
	replyOut
}
