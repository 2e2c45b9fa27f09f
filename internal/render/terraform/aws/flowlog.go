package aws

import (
	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/terraform/hcl"
	"github.com/tieline/tieline/internal/render/terraform/names"
	"github.com/tieline/tieline/internal/vocab"
)

// flowLogDays is how long flow logs are kept.
const flowLogDays = 90

// flowLog writes a flow log, and ahead of the first of its sink's home the sink.
func (w writer) flowLog(f fabric.FlowLog, home fabric.SiteID) {
	b := w.r.SiteFile(w.site.ID, "logs")
	if home == w.site.ID && w.r.Once("flow-log-sink "+f.Sink) {
		w.sink(b, f)
	}
	label := names.Label(f.Sink)
	bucket := w.r.Ref(names.Ref{Home: home, Expr: "aws_s3_bucket." + label + ".arn", Output: label + "_flow_logs_arn"})
	id := string(f.VPC)
	if f.VPC == "" {
		id = names.Owner(f.Gateway)
	}
	w.open(b, f.Meta.Origin, "aws_flow_log", id, f.Meta.Account)
	if f.VPC != "" {
		b.Attr("vpc_id", w.r.Ref(vpcID(w.mustVPC(f.VPC))))
		b.Attr("traffic_type", hcl.Quote("ALL"))
	} else {
		b.Attr("transit_gateway_id", w.r.Ref(gatewayRef(w.mustGateway(f.Gateway), "id")))
	}
	b.Attr("max_aggregation_interval", "60")
	b.Attr("log_destination_type", hcl.Quote("s3"))
	b.Attr("log_destination", bucket)
	b.Attr("tags", w.r.Tags(w.title(id), w.site.Environment, w.site.Tags))
	if home == w.site.ID {
		b.Blank()
		b.Attr("depends_on", hcl.List(hcl.Expr("aws_s3_bucket_policy."+label)))
	}
	b.End()
}

// sinkHomes returns the site whose root holds each sink: the first that uses it.
func sinkHomes(n *fabric.Network) map[string]fabric.SiteID {
	homes := map[string]fabric.SiteID{}
	for i := range n.FlowLogs {
		f := &n.FlowLogs[i]
		if home, ok := homes[f.Sink]; f.Cloud == vocab.AWS && (!ok || f.Site < home) {
			homes[f.Sink] = f.Site
		}
	}
	return homes
}

// sink writes the bucket of an account and region: private, encrypted, open to
// the log delivery service for this account only.
func (w writer) sink(b *hcl.Body, f fabric.FlowLog) {
	account := w.accountNumber(f.Meta.Account)
	label := names.Label(f.Sink)
	bucket := hcl.Expr("aws_s3_bucket." + label)
	name := names.Fit(w.r.Set.Atlas.Name(atlas.NameAWSBucket), w.n.Name+"-flow-logs-"+account+"-"+w.site.Region)

	w.open(b, f.Meta.Origin, "aws_s3_bucket", f.Sink, f.Meta.Account)
	b.Attr("bucket", hcl.Quote(name))
	b.Attr("tags", w.r.Tags(name, "", nil))
	b.End()

	w.open(b, f.Meta.Origin, "aws_s3_bucket_public_access_block", f.Sink, f.Meta.Account)
	b.Attr("bucket", bucket+".id")
	b.Attr("block_public_acls", "true")
	b.Attr("block_public_policy", "true")
	b.Attr("ignore_public_acls", "true")
	b.Attr("restrict_public_buckets", "true")
	b.End()

	w.open(b, f.Meta.Origin, "aws_s3_bucket_server_side_encryption_configuration", f.Sink, f.Meta.Account)
	b.Attr("bucket", bucket+".id")
	b.Blank()
	b.Block("rule")
	b.Block("apply_server_side_encryption_by_default")
	b.Attr("sse_algorithm", hcl.Quote("AES256"))
	b.End()
	b.End()
	b.End()

	w.open(b, f.Meta.Origin, "aws_s3_bucket_lifecycle_configuration", f.Sink, f.Meta.Account)
	b.Attr("bucket", bucket+".id")
	b.Blank()
	b.Block("rule")
	b.Attr("id", hcl.Quote("expire"))
	b.Attr("status", hcl.Quote("Enabled"))
	b.Blank()
	b.Block("filter")
	b.End()
	b.Blank()
	b.Block("expiration")
	b.Attr("days", hcl.Int(flowLogDays))
	b.End()
	b.End()
	b.End()

	w.open(b, f.Meta.Origin, "aws_s3_bucket_policy", f.Sink, f.Meta.Account)
	b.Attr("bucket", bucket+".id")
	b.Attr("policy", "jsonencode("+deliveryPolicy(bucket, account)+")")
	b.Blank()
	b.Attr("depends_on", hcl.List(hcl.Expr("aws_s3_bucket_public_access_block."+label)))
	b.End()
}

// deliveryPolicy is the bucket policy of the flow log documentation
// (https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-permissions.html).
func deliveryPolicy(bucket hcl.Expr, account string) hcl.Expr {
	principal := hcl.Object(hcl.Item{Key: "Service", Value: hcl.Quote("delivery.logs.amazonaws.com")})
	source := hcl.Item{Key: "aws:SourceAccount", Value: hcl.Quote(account)}
	return hcl.Map(
		hcl.Item{Key: "Version", Value: hcl.Quote("2012-10-17")},
		hcl.Item{Key: "Statement", Value: hcl.Lines(hcl.Map(
			hcl.Item{Key: "Sid", Value: hcl.Quote("AWSLogDeliveryWrite")},
			hcl.Item{Key: "Effect", Value: hcl.Quote("Allow")},
			hcl.Item{Key: "Principal", Value: principal},
			hcl.Item{Key: "Action", Value: hcl.Quote("s3:PutObject")},
			hcl.Item{Key: "Resource", Value: `"${` + bucket + `.arn}/*"`},
			hcl.Item{Key: "Condition", Value: hcl.Object(hcl.Item{Key: "StringEquals", Value: hcl.Object(source,
				hcl.Item{Key: "s3:x-amz-acl", Value: hcl.Quote("bucket-owner-full-control")})})},
		), hcl.Map(
			hcl.Item{Key: "Sid", Value: hcl.Quote("AWSLogDeliveryAclCheck")},
			hcl.Item{Key: "Effect", Value: hcl.Quote("Allow")},
			hcl.Item{Key: "Principal", Value: principal},
			hcl.Item{Key: "Action", Value: hcl.Quote("s3:GetBucketAcl")},
			hcl.Item{Key: "Resource", Value: bucket + ".arn"},
			hcl.Item{Key: "Condition", Value: hcl.Object(hcl.Item{Key: "StringEquals", Value: hcl.Object(source)})},
		))},
	)
}
