# network.yaml:22: sites.gcp-oregon.networks.app
resource "google_compute_network_firewall_policy" "net__app" {
  provider = google.net

  name = "triangle-app"
}

locals {
  net__app_rules = {
    # network.yaml:22: sites.gcp-oregon.networks.app.subnets.app
    allow-ingress-within-gcp-oregon-app = {
      priority     = 1000
      direction    = "INGRESS"
      action       = "allow"
      sources      = ["10.12.0.0/20"]
      destinations = ["10.12.0.0/20"]
      services     = [{ protocol = "all", ports = null }]
    }

    # network.yaml:22: sites.gcp-oregon.networks.app.subnets.app
    allow-egress-within-gcp-oregon-app = {
      priority     = 1010
      direction    = "EGRESS"
      action       = "allow"
      sources      = ["10.12.0.0/20"]
      destinations = ["10.12.0.0/20"]
      services     = [{ protocol = "all", ports = null }]
    }

    # network.yaml:22: sites.gcp-oregon.networks.app
    allow-path-mtu = {
      priority     = 1020
      direction    = "INGRESS"
      action       = "allow"
      sources      = ["10.4.0.0/14", "10.8.0.0/13"]
      destinations = null
      services     = [{ protocol = "icmp", ports = null }]
    }

    # network.yaml:33: policy[0]
    allow-in-aws-oregon-gcp-oregon-and-1-more-to-app-578227 = {
      priority     = 1030
      direction    = "INGRESS"
      action       = "allow"
      sources      = ["10.4.0.0/20", "10.8.0.0/20", "10.12.0.0/20"]
      destinations = ["10.12.0.0/20"]
      services = [
        { protocol = "icmp", ports = null },
        { protocol = "tcp", ports = ["443"] },
      ]
    }

    # network.yaml:33: policy[0]
    allow-out-app-to-aws-oregon-gcp-oregon-and-1-more-18e51a = {
      priority     = 1040
      direction    = "EGRESS"
      action       = "allow"
      sources      = ["10.12.0.0/20"]
      destinations = ["10.4.0.0/20", "10.8.0.0/20", "10.12.0.0/20"]
      services = [
        { protocol = "icmp", ports = null },
        { protocol = "tcp", ports = ["443"] },
      ]
    }

    # network.yaml:22: sites.gcp-oregon.networks.app
    deny-egress = {
      priority     = 1050
      direction    = "EGRESS"
      action       = "deny"
      sources      = null
      destinations = ["0.0.0.0/0"]
      services     = [{ protocol = "all", ports = null }]
    }
  }
}

# network.yaml:22: sites.gcp-oregon.networks.app
resource "google_compute_network_firewall_policy_rule" "net__app" {
  for_each = local.net__app_rules
  provider = google.net

  firewall_policy = google_compute_network_firewall_policy.net__app.name
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

# network.yaml:22: sites.gcp-oregon.networks.app
resource "google_compute_network_firewall_policy_association" "net__app" {
  provider = google.net

  name              = "triangle-app"
  firewall_policy   = google_compute_network_firewall_policy.net__app.id
  attachment_target = google_compute_network.net__app.id
}
