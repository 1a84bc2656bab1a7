package upstash

import (
	"bufio"
	"io"
	"strings"
)

// maxLine bounds one line and one event, as Upstash's own client does.
const maxLine = 1 << 20

// eventReader reads server-sent events, of which only the data matters here.
type eventReader struct{ lines *bufio.Scanner }

func newEventReader(r io.Reader) *eventReader {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	return &eventReader{lines}
}

// next returns the data of the next event; comments and other fields are
// passed over. An event that the end of the stream cuts off is dropped.
func (e *eventReader) next() (string, error) {
	var data []string
	size := 0
	for e.lines.Scan() {
		line := e.lines.Text()
		if rest, ok := strings.CutPrefix(line, "data:"); ok {
			if size += len(line); size > maxLine {
				return "", bufio.ErrTooLong
			}
			data = append(data, strings.TrimPrefix(rest, " "))
		} else if line == "" && data != nil {
			return strings.Join(data, "\n"), nil
		}
	}
	if err := e.lines.Err(); err != nil {
		return "", err
	}
	return "", errEnded
}

// parseMessage splits "message,CHANNEL,PAYLOAD". The channel is known, so that
// a comma in its name or in the payload does no harm.
func parseMessage(data, name string) (channel, payload string, ok bool) {
	payload, ok = strings.CutPrefix(data, "message,"+name+",")
	return name, payload, ok
}

// parsePatternMessage splits "pmessage,PATTERN,CHANNEL,PAYLOAD".
func parsePatternMessage(data, name string) (channel, payload string, ok bool) {
	rest, ok := strings.CutPrefix(data, "pmessage,"+name+",")
	if !ok {
		return "", "", false
	}
	return strings.Cut(rest, ",")
}
