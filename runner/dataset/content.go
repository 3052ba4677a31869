package dataset

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
)

// The service's limits on images in training data, by OpenAI's guide to vision fine-tuning.
const (
	maxImages     = 10       // of one example
	maxImageBytes = 10 << 20 // of one image
)

// imageTypes are the media types that the service takes.
var imageTypes = []string{"image/jpeg", "image/png", "image/webp"}

// parts checks content that is an array of parts.
func (c *messageReader) parts(role string, array node) {
	parts := array.elements()
	if len(parts) == 0 {
		c.fault(kindBlank, "content", "is an empty array")
	}
	images := 0 // of the message
	for i, part := range parts {
		path := c.path(fmt.Sprintf("content[%d]", i))
		kind := part.get("type")
		if kind.kind() != '"' {
			c.report.addf(kindType, part, "%s is no content part: want an object with a type", path)
			continue
		}
		switch name := kind.text(); name {
		case "text", "refusal":
			text := part.get(name)
			if text.kind() != '"' || text.blank() && role != "tool" {
				c.report.addf(kindBlank, part, "%s.%s is missing or blank", path, name)
				continue
			}
			checkText(text.text(), text, func() string { return path + "." + name }, c.report)
		case "image_url":
			images++
			c.image(role, path, part)
		default:
			c.report.warn(kindImage, kind, fmt.Sprintf("%s is of type %s, which services are not known to train on", path, quote(name)), "")
		}
	}
	if images > 0 {
		c.report.warn(kindUncounted, array, fmt.Sprintf("%s has %s, whose tokens are not counted: limit and cost leave them out",
			c.path("content"), plural(images, "image")), "")
	}
	if c.report.images += images; images > 0 && c.report.images > maxImages {
		c.report.warn(kindImage, array, fmt.Sprintf("with %s the example has %d images, and OpenAI takes %d", c.path("content"), c.report.images, maxImages), "")
	}
}

// image checks a part that shows an image, by its address or within.
func (c *messageReader) image(role, path string, part node) {
	if role != "user" {
		c.report.addf(kindImage, part, "%s is an image in a message of role %s: only users show images", path, quote(role))
	}
	url := part.get("image_url").get("url")
	if url.kind() != '"' || url.blank() {
		c.report.addf(kindImage, part, "%s.image_url has no url", path)
		return
	}
	text := url.text()
	media, isData := strings.CutPrefix(text, "data:")
	switch {
	case isData:
		media, data, encoded := strings.Cut(media, ";base64,")
		if !encoded || !slices.Contains(imageTypes, media) {
			c.report.addf(kindImage, url, "%s is no image that the service takes: want data:%s;base64", path, strings.Join(imageTypes, ", "))
		} else if _, err := base64.StdEncoding.DecodeString(data); err != nil {
			c.report.addf(kindImage, url, "%s is no base64: %v", path, err)
		} else if size := len(data) / 4 * 3; size > maxImageBytes {
			c.report.addf(kindImage, url, "%s has %d bytes, and the service takes images of %d (10 MiB)", path, size, maxImageBytes)
		}
	case !strings.HasPrefix(text, "https://") && !strings.HasPrefix(text, "http://"):
		c.report.addf(kindImage, url, "%s has the url %s: want http, https or data", path, quote(text))
	}
}

// checkText warns of characters that no text for training should have. Tabs and line ends are text. path names the text, and is asked only
// where there is something to tell.
func checkText(text string, at node, path func() string, r *report) {
	if isSheetError(text) {
		r.warn(kindReplacement, at, path()+" is an error of the spreadsheet, "+text, "mend the cell that the data comes from")
	}
	control := firstControl(text)
	damaged := strings.Contains(text, "\uFFFD")
	if control >= 0 {
		r.warn(kindControl, at, fmt.Sprintf("%s has the control character %#U", path(), rune(text[control])), "take it out, unless the model should learn to write it")
	}
	if damaged {
		r.warn(kindReplacement, at, path()+" has U+FFFD, which stands where bytes were lost", "read the source again in its own encoding")
	}
}

// isSheetError reports whether a text is what a spreadsheet shows in place of a value that it can't compute.
func isSheetError(text string) bool {
	return len(text) < 10 && text != "" && text[0] == '#' && slices.Contains([]string{"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!"}, text)
}

// firstControl returns where the first control character is that no text should have, or -1. It looks at eight bytes at a time.
func firstControl(text string) int {
	const ones, highs, lows = 0x0101010101010101, 0x8080808080808080, 0x7F7F7F7F7F7F7F7F
	i := 0
	for ; i+8 <= len(text); i += 8 {
		t := text[i : i+8]
		x := uint64(t[0]) | uint64(t[1])<<8 | uint64(t[2])<<16 | uint64(t[3])<<24 | uint64(t[4])<<32 | uint64(t[5])<<40 | uint64(t[6])<<48 | uint64(t[7])<<56
		below := ^(x&lows + ones*(0x80-' ') | x) // the high bit of a byte is set where it is below a blank
		feed, del := x^ones*'\n', x^ones*0x7F
		feed = ^(feed&lows + lows | feed) // where it is a line feed, which most control characters are
		if (below&^feed|(del-ones)&^del)&highs == 0 {
			continue
		}
		if at := controlIn(t); at >= 0 {
			return i + at
		}
	}
	if at := controlIn(text[i:]); at >= 0 {
		return i + at
	}
	return -1
}

func controlIn(text string) int {
	for i := 0; i < len(text); i++ {
		if c := text[i]; c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == 0x7F {
			return i
		}
	}
	return -1
}
