package redis

import "strings"

const (
	maxMessage = 120
	// shortest is the length from which an argument is looked for in an error
	// text: masking "1" or "EX" would only spoil the sentence.
	shortest = 4
)

// Explain splits Redis' error text into its code ("WRONGTYPE"; empty if it has
// none) and a sentence that is safe to log. Redis quotes arguments in some
// errors and a script may raise any text, so the sentence ends at the first
// quotation mark or colon, and arguments of the command are masked in it.
func Explain(text string, cmds ...[]string) (code, message string) {
	for _, cmd := range cmds {
		for i, arg := range cmd {
			if i > 0 && len(arg) >= shortest {
				text = strings.ReplaceAll(text, arg, "[value]")
			}
		}
	}
	if cut := strings.IndexAny(text, "'`\":\r\n"); cut >= 0 {
		text = text[:cut]
	}
	text = strings.TrimSpace(strings.ToValidUTF8(text[:min(len(text), maxMessage)], ""))
	first, rest, _ := strings.Cut(text, " ")
	if first == "" || len(first) > 24 || strings.Trim(first, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") != "" {
		return "", text
	}
	return first, rest
}
