// Package cloudwatchlogs has what Pulumi's engine asks of AWS' client for CloudWatch Logs, in place of that client:
// `pulumi logs` needs it, for programs that run in AWS. Here it finds nothing and says why.
package cloudwatchlogs

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

var errNoClient = errors.New("this pulumi was built for a sandbox and has no client for CloudWatch Logs")

// Client of nothing.
type Client struct{}

// NewFromConfig makes a client that finds nothing.
func NewFromConfig(aws.Config) *Client { return &Client{} }

// FilterLogEventsInput is what is asked for.
type FilterLogEventsInput struct {
	LogGroupName       *string
	StartTime, EndTime *int64
}

// FilterLogEventsOutput is never made.
type FilterLogEventsOutput struct{ Events []types.FilteredLogEvent }

// FilterLogEventsPaginator has one page, which cannot be read.
type FilterLogEventsPaginator struct{ isRead bool }

// NewFilterLogEventsPaginator makes one.
func NewFilterLogEventsPaginator(*Client, *FilterLogEventsInput) *FilterLogEventsPaginator {
	return &FilterLogEventsPaginator{}
}

// HasMorePages before the page was asked for.
func (p *FilterLogEventsPaginator) HasMorePages() bool { return !p.isRead }

// NextPage always fails.
func (p *FilterLogEventsPaginator) NextPage(context.Context) (*FilterLogEventsOutput, error) {
	p.isRead = true
	return nil, errNoClient
}
