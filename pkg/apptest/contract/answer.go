package contract

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strconv"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// CheckAnswer compares an answer with the document: its status, headers, body, and an
// error's code. A method that the path does not have must be answered with 405, and
// an unknown path with 404.
func (d *Document) CheckAnswer(method, path string, status int, header http.Header, body []byte) error {
	if method == http.MethodOptions && status == http.StatusNoContent {
		return nil // a preflight
	}
	o, found, known := d.find(method, path)
	ref := ""
	switch {
	case found:
		ref = o.pointer + "/responses/" + strconv.Itoa(status)
	case known && status == http.StatusMethodNotAllowed:
		ref = "#/components/responses/MethodNotAllowed"
	case !known && status == http.StatusNotFound:
		ref = "#/components/responses/NotFound"
	default:
		return fmt.Errorf("%s %s, which the document does not have, answers %d: %s", method, path, status, body)
	}
	pointer, response, err := d.resolve("", map[string]any{"$ref": ref})
	if err != nil {
		return fmt.Errorf("%s %s answers %d, which the document does not know: %w: %s", method, path, status, err, body)
	}
	err = errors.Join(d.checkHeaders(pointer, response, header), d.checkBody(pointer, response, header, body), checkStatusCode(o, status, body))
	if err != nil {
		return fmt.Errorf("%s %s answers %d: %w\n%s", method, path, status, err, body)
	}
	return nil
}

// CheckMessage compares a realtime message with one of the document's schemas.
func (d *Document) CheckMessage(schema string, text []byte) error {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("%s: %w: %s", schema, err, text)
	}
	if err := d.check("#/components/schemas/"+schema, value); err != nil {
		return fmt.Errorf("%s: %w: %s", schema, err, text)
	}
	return nil
}

func (d *Document) checkBody(pointer string, response map[string]any, header http.Header, body []byte) error {
	content, has := response["content"].(map[string]any)
	if !has {
		if len(body) > 0 {
			return errors.New("there is a body, but the document has none")
		}
		return nil
	}
	media, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		return fmt.Errorf("content type: %w", err)
	}
	if _, ok := content[media].(map[string]any); !ok {
		return fmt.Errorf("%s is not what the document has", media)
	}
	if media != "application/json" {
		return nil // the messages of a stream are checked one by one
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return err
	}
	return d.check(pointer+"/content/"+escape(media)+"/schema", value)
}

// checkStatusCode compares an error's statusCode with the status.
func checkStatusCode(o Operation, status int, body []byte) error {
	var failure struct{ StatusCode int }
	if len(o.Errors[strconv.Itoa(status)]) == 0 {
		return nil
	}
	if err := json.Unmarshal(body, &failure); err != nil {
		return err
	}
	if failure.StatusCode != status {
		return fmt.Errorf("statusCode is %d", failure.StatusCode)
	}
	return nil
}
