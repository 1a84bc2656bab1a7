package timercache

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"io"
)

// maxSnapshot bounds what a staged snapshot may unpack to, in bytes.
const maxSnapshot = 128 << 20

func deflate(plain []byte) (string, error) {
	var packed bytes.Buffer
	text := base64.NewEncoder(base64.StdEncoding, &packed)
	compressor, err := flate.NewWriter(text, flate.BestSpeed)
	if err != nil {
		return "", err
	}
	if _, err := compressor.Write(plain); err != nil {
		return "", err
	}
	if err := compressor.Close(); err != nil {
		return "", err
	}
	if err := text.Close(); err != nil {
		return "", err
	}
	return packed.String(), nil
}

func inflate(packed string) ([]byte, error) {
	compressed := base64.NewDecoder(base64.StdEncoding, bytes.NewReader([]byte(packed)))
	return io.ReadAll(io.LimitReader(flate.NewReader(compressed), maxSnapshot))
}
