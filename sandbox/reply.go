package sandbox

import (
	"encoding/json"
	"html"
	"net/http"
)

// maxBody is how many bytes of a request's body a stand-in reads.
const maxBody = 1 << 20

func writeJSON(w http.ResponseWriter, status int, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		panic("sandbox: encode an answer: " + err.Error())
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(status)
	_, _ = w.Write(b)
}

func writeHTML(w http.ResponseWriter, status int, title string) {
	w.Header().Set("Content-Type", "text/html;charset=UTF-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte("<!DOCTYPE html><html><head><title>" + html.EscapeString(title) + "</title></head><body></body></html>"))
}
