# network.yaml:52: sites.gcp-oregon.networks.ml
resource "google_compute_network_firewall_policy" "net__ml" {
  provider = google.net

  name = "ml-platform-ml"
}

locals {
  net__ml_rules = {
    # network.yaml:55: sites.gcp-oregon.networks.ml.subnets.training
    allow-ingress-within-gcp-oregon-training = {
      priority     = 1000
      direction    = "INGRESS"
      action       = "allow"
      sources      = ["10.16.0.0/20"]
      destinations = ["10.16.0.0/20"]
      services     = [{ protocol = "all", ports = null }]
    }

    # network.yaml:55: sites.gcp-oregon.networks.ml.subnets.training
    allow-egress-within-gcp-oregon-training = {
      priority     = 1010
      direction    = "EGRESS"
      action       = "allow"
      sources      = ["10.16.0.0/20"]
      destinations = ["10.16.0.0/20"]
      services     = [{ protocol = "all", ports = null }]
    }

    # network.yaml:56: sites.gcp-oregon.networks.ml.subnets.inference
    allow-ingress-within-gcp-oregon-inference = {
      priority     = 1020
      direction    = "INGRESS"
      action       = "allow"
      sources      = ["10.16.16.0/22"]
      destinations = ["10.16.16.0/22"]
      services     = [{ protocol = "all", ports = null }]
    }

    # network.yaml:56: sites.gcp-oregon.networks.ml.subnets.inference
    allow-egress-within-gcp-oregon-inference = {
      priority     = 1030
      direction    = "EGRESS"
      action       = "allow"
      sources      = ["10.16.16.0/22"]
      destinations = ["10.16.16.0/22"]
      services     = [{ protocol = "all", ports = null }]
    }

    # network.yaml:52: sites.gcp-oregon.networks.ml
    allow-path-mtu = {
      priority     = 1040
      direction    = "INGRESS"
      action       = "allow"
      sources      = ["10.1.0.0/16", "10.4.0.0/14", "10.8.0.0/13", "10.16.0.0/14", "10.200.0.0/16"]
      destinations = null
      services     = [{ protocol = "icmp", ports = null }]
    }

    # network.yaml:90: policy[0]
    allow-in-inference-headquarters-to-training-tcp-443 = {
      priority     = 1050
      direction    = "INGRESS"
      action       = "allow"
      sources      = ["10.4.4.0/22", "10.8.20.0/22", "10.10.0.0/22", "10.16.16.0/22", "10.200.0.0/16"]
      destinations = ["10.16.0.0/20"]
      services     = [{ protocol = "tcp", ports = ["443"] }]
    }

    # network.yaml:92: policy[2]
    allow-in-headquarters-to-inference-tcp-443 = {
      priority     = 1060
      direction    = "INGRESS"
      action       = "allow"
      sources      = ["10.200.0.0/16"]
      destinations = ["10.16.16.0/22"]
      services     = [{ protocol = "tcp", ports = ["443"] }]
    }

    # network.yaml:91: policy[1]
    allow-out-training-to-data-tcp-5432 = {
      priority     = 1070
      direction    = "EGRESS"
      action       = "allow"
      sources      = ["10.16.0.0/20"]
      destinations = ["10.4.0.0/22", "10.8.16.0/22"]
      services     = [{ protocol = "tcp", ports = ["5432"] }]
    }

    # network.yaml:90: policy[0]
    allow-out-inference-to-training-tcp-443 = {
      priority     = 1080
      direction    = "EGRESS"
      action       = "allow"
      sources      = ["10.16.16.0/22"]
      destinations = ["10.8.0.0/20", "10.16.0.0/20"]
      services     = [{ protocol = "tcp", ports = ["443"] }]
    }

    # network.yaml:55: sites.gcp-oregon.networks.ml.subnets.training.services
    allow-out-google-services = {
      priority     = 1090
      direction    = "EGRESS"
      action       = "allow"
      sources      = ["10.16.0.0/20"]
      destinations = ["199.36.153.8/30"]
      services     = [{ protocol = "tcp", ports = ["443"] }]
    }

    # network.yaml:52: sites.gcp-oregon.networks.ml
    deny-egress-own-network = {
      priority     = 1100
      direction    = "EGRESS"
      action       = "deny"
      sources      = null
      destinations = ["10.1.0.0/16", "10.4.0.0/14", "10.8.0.0/13", "10.16.0.0/14", "10.200.0.0/16"]
      services     = [{ protocol = "all", ports = null }]
    }

    # network.yaml:52: sites.gcp-oregon.networks.ml
    allow-egress-internet = {
      priority     = 1110
      direction    = "EGRESS"
      action       = "allow"
      sources      = ["10.16.0.0/20", "10.16.16.0/22"]
      destinations = ["0.0.0.0/0"]
      services     = [{ protocol = "all", ports = null }]
    }

    # network.yaml:52: sites.gcp-oregon.networks.ml
    deny-egress = {
      priority     = 1120
      direction    = "EGRESS"
      action       = "deny"
      sources      = null
      destinations = ["0.0.0.0/0"]
      services     = [{ protocol = "all", ports = null }]
    }
  }
}

# network.yaml:52: sites.gcp-oregon.networks.ml
resource "google_compute_network_firewall_policy_rule" "net__ml" {
  for_each = local.net__ml_rules
  provider = google.net

  firewall_policy = google_compute_network_firewall_policy.net__ml.name
  rule_name       = each.key
  priority        = each.value.priority
  direction       = each.value.direction
  action          = each.value.action

  match {
    src_ip_ranges  = each.value.sources
    dest_ip_ranges = each.value.destinations

    dynamic "layer4_configs" {
      for_each = each.value.services

      content {
        ip_protocol = layer4_configs.value.protocol
        ports       = layer4_configs.value.ports
      }
    }
  }
}

# network.yaml:52: sites.gcp-oregon.networks.ml
resource "google_compute_network_firewall_policy_association" "net__ml" {
  provider = google.net

  name              = "ml-platform-ml"
  firewall_policy   = google_compute_network_firewall_policy.net__ml.id
  attachment_target = google_compute_network.net__ml.id
}
