package web

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// encoded is a tag to which a proxy has added the encoding of its answer, inside the
// quotes or, as some versions of Apache do, after them.
var encoded = regexp.MustCompile(`^(".*?)"?(?:[-;:+]+(?:gzip|br|deflate|zstd))+"?$`)

// IfNoneMatch lists the tags of the request's If-None-Match as this server sent
// them. A proxy that compresses makes "7" a W/"7", a "7-gzip" or a "7;br".
func IfNoneMatch(r *http.Request) []string {
	var tags []string
	for part := range strings.SplitSeq(strings.Join(r.Header.Values("If-None-Match"), ","), ",") {
		if part = strings.TrimSpace(part); part != "" {
			tags = append(tags, plainTag(part))
		}
	}
	return tags
}

func plainTag(tag string) string {
	return encoded.ReplaceAllString(strings.TrimPrefix(tag, "W/"), `$1"`)
}

// Matches reports whether the request's If-None-Match names etag (RFC 9110,
// 13.1.2: weak comparison, a list, or *).
func Matches(r *http.Request, etag string) bool {
	return etag != "" && slices.ContainsFunc(IfNoneMatch(r), func(tag string) bool { return tag == "*" || tag == plainTag(etag) })
}
