package migration

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// version is a strict semantic version: three numbers, no leading "v".
type version struct {
	numbers    [3]int
	preRelease string
}

var preReleasePattern = regexp.MustCompile(`^[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*$`)

func parseVersion(text string) (version, error) {
	if text == "" {
		return version{}, fmt.Errorf("Version string empty")
	}
	withoutBuild, _, _ := strings.Cut(text, "+")
	core, preRelease, hasPreRelease := strings.Cut(withoutBuild, "-")
	parts := strings.Split(core, ".")
	if len(parts) != 3 {
		return version{}, fmt.Errorf("No Major.Minor.Patch elements found")
	}
	parsed := version{preRelease: preRelease}
	for i, name := range []string{"major", "minor", "patch"} {
		if len(parts[i]) > 1 && parts[i][0] == '0' {
			return version{}, fmt.Errorf("%s number must not contain leading zeroes %q", strings.ToUpper(name[:1])+name[1:], parts[i])
		}
		number, err := strconv.ParseUint(parts[i], 10, 31)
		if err != nil {
			return version{}, fmt.Errorf("Invalid character(s) found in %s number %q", name, parts[i])
		}
		parsed.numbers[i] = int(number)
	}
	if hasPreRelease && !preReleasePattern.MatchString(preRelease) {
		return version{}, fmt.Errorf("Invalid character(s) found in prerelease %q", preRelease)
	}
	return parsed, nil
}

func (v version) String() string {
	text := fmt.Sprintf("%d.%d.%d", v.numbers[0], v.numbers[1], v.numbers[2])
	if v.preRelease != "" {
		text += "-" + v.preRelease
	}
	return text
}

// less orders by the numbers; a pre-release comes before its release. Two pre-releases of one release are
// ordered as text, which is all the tool's ranges need.
func (v version) less(other version) bool {
	for i := range v.numbers {
		if v.numbers[i] != other.numbers[i] {
			return v.numbers[i] < other.numbers[i]
		}
	}
	if (v.preRelease == "") != (other.preRelease == "") {
		return v.preRelease != ""
	}
	return v.preRelease < other.preRelease
}

var (
	version210 = version{numbers: [3]int{2, 1, 0}}
	version220 = version{numbers: [3]int{2, 2, 0}}
	version230 = version{numbers: [3]int{2, 3, 0}}
)

func is21(v version) bool { return !v.less(version210) && v.less(version220) }
func is22(v version) bool { return !v.less(version220) && v.less(version230) }
