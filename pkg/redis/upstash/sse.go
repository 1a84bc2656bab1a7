package upstash

import (
	"bufio"
	"errors"
	"io"
	"strings"
)

// maxLine bounds one line and one event, as Upstash's own client does.
const maxLine = 1 << 20

// eventReader reads server-sent events, of which only the data matters here.
type eventReader struct{ lines *bufio.Reader }

func newEventReader(r io.Reader) *eventReader {
	return &eventReader{bufio.NewReaderSize(r, 32<<10)}
}

// next returns the data of the next event; comments and other fields are
// passed over. Of an event that is too long only its beginning is returned, and
// whole is false. An event that the end of the stream cuts off is dropped.
func (e *eventReader) next() (data string, whole bool, err error) {
	var found []string
	size, whole := 0, true
	for {
		line, all, err := e.line()
		if err != nil {
			return "", false, err
		}
		if rest, ok := strings.CutPrefix(line, "data:"); ok {
			size += len(line)
			if whole = whole && all && size <= maxLine; whole || found == nil {
				found = append(found, strings.TrimPrefix(rest, " "))
			}
		} else if line == "" && found != nil {
			return strings.Join(found, "\n"), whole, nil
		}
	}
}

// line returns the next line without its end; whole is false if it was too long
// and its rest was passed over.
func (e *eventReader) line() (line string, whole bool, err error) {
	var text []byte
	for whole = true; ; {
		part, err := e.lines.ReadSlice('\n')
		if whole = whole && len(text)+len(part) <= maxLine; whole {
			text = append(text, part...)
		}
		switch {
		case err == nil:
			return strings.TrimRight(string(text), "\r\n"), whole, nil
		case errors.Is(err, io.EOF):
			return "", false, errEnded
		case !errors.Is(err, bufio.ErrBufferFull):
			return "", false, err
		}
	}
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
