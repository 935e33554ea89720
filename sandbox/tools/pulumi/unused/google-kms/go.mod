module cloud.google.com/go/kms

go 1.26.0

require google.golang.org/api v0.290.0
