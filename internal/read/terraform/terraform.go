// Package terraform reads what exists, or is to exist, from the JSON that
// `terraform show -json` prints of a state or a plan (OpenTofu's is the same),
// whoever wrote the configuration, into a [fabric.Network].
//
// It reads what decides where packets go; docs/check-terraform.md says what,
// what not, and what it assumes. The network has no policy and no segments.
// What is in the file and not understood, or only known once applied, is in
// [fabric.Network].Unread and in the Unread of the objects that depend on it,
// so that a proof resting on it is unknown.
package terraform

import (
	"strings"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/read/terraform/aws"
	"github.com/tieline/tieline/internal/read/terraform/azure"
	"github.com/tieline/tieline/internal/read/terraform/from/doc"
	"github.com/tieline/tieline/internal/read/terraform/gcp"
	"github.com/tieline/tieline/internal/read/terraform/into/draft"
)

// Result is a file that was read.
type Result struct {
	Network *fabric.Network // nil when the file cannot be used
	Kind    doc.FileKind    // plan or state
	Version string          // of the Terraform or OpenTofu that wrote it
	// Matched counts the references of a plan that were told by an instance
	// having the same key; constants and states need no telling.
	Matched int
}

// Read reads a file. The diagnostics are errors when it cannot be used, with
// the place in the JSON; else warnings and notes.
func Read(name string, data []byte) (Result, diag.List) {
	src, diags := doc.Parse(name, data)
	if src == nil {
		return Result{}, diags
	}
	d := draft.New(name, atlas.Default())
	aws.Read(src, d)
	gcp.Read(src, d)
	azure.Read(src, d)
	unread(src, d)
	r := Result{Network: d.Finish(), Kind: src.Kind, Version: src.Version, Matched: src.Matched()}
	if len(r.Network.VPCs) == 0 && len(r.Network.Gateways) == 0 {
		diags.Warnf(diag.Pos{File: name, Line: 1, Col: 1}, "the %s holds no networks of AWS, Google Cloud or Azure", src.Kind).
			Hint = "check reads the root module whose plan or state the file is; give it the one that makes the networks"
	}
	if r.Matched > 0 {
		diags.Notef(diag.Pos{File: name, Line: 1, Col: 1}, "%d references are only known once applied; each is taken for the instance with the same key of count or for_each", r.Matched).
			Hint = "the JSON of a state says them outright: terraform show -json > state.json"
	}
	return r, diags
}

// Reads lists the resource types that are read, of all clouds, sorted within each.
func Reads() []string {
	out := aws.Reads()
	out = append(out, gcp.Reads()...)
	return append(out, azure.Reads()...)
}

// unread lists the resources that nothing reads.
func unread(src *doc.Document, d *draft.Draft) {
	reads := map[string]bool{}
	for _, t := range Reads() {
		reads[t] = true
	}
	for _, x := range src.Resources {
		if reads[x.Type] {
			continue
		}
		harmless := harmlessType(x.Type)
		why := "not modelled"
		if harmless {
			why = "cannot change who reaches whom"
		}
		d.Unread(x.Origin, x.Type, why, harmless)
	}
}

// harmlessType reports whether resources of a type cannot change who reaches
// whom: they are of a kind below, or of a provider without networks.
func harmlessType(t string) bool {
	for _, p := range Harmless() {
		if strings.HasPrefix(t, p) {
			return true
		}
	}
	for _, p := range providers {
		if strings.HasPrefix(t, p) {
			return true
		}
	}
	return false
}

// providers have no networks of the three clouds.
var providers = []string{"random_", "tls_", "time_", "null_", "local_", "archive_", "template_", "terraform_data", "datadog_", "pagerduty_"}

// Harmless lists the beginnings of the names of resource types that cannot
// change who reaches whom, sorted by cloud.
func Harmless() []string {
	return []string{
		"aws_acm_", "aws_athena_", "aws_backup_", "aws_budgets_", "aws_cloudtrail", "aws_cloudwatch_", "aws_cognito_", "aws_config_", "aws_cur_", "aws_dynamodb_",
		"aws_ebs_", "aws_ecr_", "aws_eip", "aws_glue_", "aws_guardduty_", "aws_iam_", "aws_inspector", "aws_key_pair", "aws_kinesis_", "aws_kms_", "aws_macie",
		"aws_ram_", "aws_route53_record", "aws_route53_zone", "aws_s3_", "aws_secretsmanager_", "aws_securityhub_", "aws_sfn_", "aws_sns_", "aws_sqs_", "aws_ssm_",
		"aws_vpc_dhcp_options", "aws_vpc_endpoint_policy", "aws_volume_attachment",
		"google_artifact_", "google_bigquery_", "google_billing_", "google_cloud_scheduler_", "google_compute_address", "google_compute_disk",
		"google_compute_global_address", "google_compute_shared_vpc_", "google_dns_", "google_kms_", "google_logging_", "google_monitoring_",
		"google_network_connectivity_group", "google_project", "google_pubsub_", "google_secret_manager_", "google_service_account", "google_storage_",
		"azurerm_application_insights", "azurerm_consumption_", "azurerm_dns_", "azurerm_key_vault", "azurerm_log_analytics_", "azurerm_managed_disk",
		"azurerm_management_lock", "azurerm_monitor_", "azurerm_nat_gateway_public_ip_association", "azurerm_network_watcher", "azurerm_private_dns_",
		"azurerm_resource_group", "azurerm_role_", "azurerm_storage_", "azurerm_user_assigned_identity",
	}
}
