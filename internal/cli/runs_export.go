package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"github.com/spf13/cobra"
)

func (c *command) runsExport() *cobra.Command {
	var out string
	var html bool
	cmd := &cobra.Command{
		Use: "export RUN", Short: "Write all that is known of a run as one document: JSON, or HTML for people",
		Long: "Writes all that is known of a run as one document. With --html it is a page that opens in any browser without a network: every step with its params and outputs, and for steps in a browser the pages, pictures, consoles and requests that were kept of them.\n\n" +
			"Traces of browser work are kept as `trace.keep`, the flow or `aether run --trace` say.",
		Example: "  aether runs export november --html -o november.html\n  aether runs export november -o november.json",
		Args:    oneArg("the id of a run"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if html && out == "" && c.Terminal {
				return badInput(errors.New("--html writes a large document, and standard output is a terminal; name a file with -o run.html"))
			}
			s, err := c.open(cmd, nil, 0)
			if err != nil {
				return err
			}
			defer func() { _ = s.Close() }()
			if err := s.Start(cmd.Context(), false); err != nil {
				return err
			}
			var b bytes.Buffer
			if html {
				err = s.Orch.Report(cmd.Context(), args[0], &b)
			} else {
				var doc any
				if doc, err = s.Orch.Export(cmd.Context(), args[0]); err == nil {
					enc := json.NewEncoder(&b)
					enc.SetEscapeHTML(false)
					enc.SetIndent("", "  ")
					err = enc.Encode(doc)
				}
			}
			if err != nil {
				return notFound(err)
			}
			if out == "" {
				_, err := io.Copy(c.Stdout, &b)
				return err
			}
			return replaceFile(c.abs(out), b.Bytes())
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", "Write to this file rather than to standard output.")
	cmd.Flags().BoolVar(&html, "html", false, "Write a page for people rather than JSON.")
	return cmd
}
