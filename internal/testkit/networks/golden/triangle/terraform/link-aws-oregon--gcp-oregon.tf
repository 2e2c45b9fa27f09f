# network.yaml:30: connect
resource "aws_customer_gateway" "aws_oregon__gcp_oregon" {
  for_each = {
    peer0 = google_compute_ha_vpn_gateway.gcp_oregon.vpn_interfaces[0].ip_address
    peer1 = google_compute_ha_vpn_gateway.gcp_oregon.vpn_interfaces[1].ip_address
  }
  provider = aws.prod
  region   = "us-west-2"

  type        = "ipsec.1"
  ip_address  = each.value
  bgp_asn     = "64514"
  device_name = "triangle-aws-oregon--gcp-oregon-${each.key}"
  tags        = merge(local.tags, { Name = "triangle-aws-oregon--gcp-oregon-${each.key}" })
}

# network.yaml:30: connect
resource "aws_vpn_connection" "aws_oregon__gcp_oregon" {
  for_each = {
    c0 = {
      peer    = "peer0"
      tunnel1 = { inside = "169.254.0.4/30", psk = "aws-oregon--gcp-oregon/0" }
      tunnel2 = { inside = "169.254.0.8/30", psk = "aws-oregon--gcp-oregon/1" }
    }
    c1 = {
      peer    = "peer1"
      tunnel1 = { inside = "169.254.0.12/30", psk = "aws-oregon--gcp-oregon/2" }
      tunnel2 = { inside = "169.254.0.16/30", psk = "aws-oregon--gcp-oregon/3" }
    }
  }
  provider = aws.prod
  region   = "us-west-2"

  type                = "ipsec.1"
  customer_gateway_id = aws_customer_gateway.aws_oregon__gcp_oregon[each.value.peer].id
  vpn_gateway_id      = aws_vpn_gateway.aws_oregon__app.id

  tunnel1_inside_cidr                  = each.value.tunnel1.inside
  tunnel1_preshared_key                = "k${random_password.psk[each.value.tunnel1.psk].result}"
  tunnel1_ike_versions                 = ["ikev2"]
  tunnel1_phase1_encryption_algorithms = ["AES256-GCM-16"]
  tunnel1_phase1_integrity_algorithms  = ["SHA2-512"]
  tunnel1_phase1_dh_group_numbers      = [21]
  tunnel1_phase1_lifetime_seconds      = 28800
  tunnel1_phase2_encryption_algorithms = ["AES256-GCM-16"]
  tunnel1_phase2_dh_group_numbers      = [21]
  tunnel1_phase2_lifetime_seconds      = 3600
  tunnel1_dpd_timeout_seconds          = 30
  tunnel1_dpd_timeout_action           = "restart"
  tunnel1_startup_action               = "start"

  tunnel2_inside_cidr                  = each.value.tunnel2.inside
  tunnel2_preshared_key                = "k${random_password.psk[each.value.tunnel2.psk].result}"
  tunnel2_ike_versions                 = ["ikev2"]
  tunnel2_phase1_encryption_algorithms = ["AES256-GCM-16"]
  tunnel2_phase1_integrity_algorithms  = ["SHA2-512"]
  tunnel2_phase1_dh_group_numbers      = [21]
  tunnel2_phase1_lifetime_seconds      = 28800
  tunnel2_phase2_encryption_algorithms = ["AES256-GCM-16"]
  tunnel2_phase2_dh_group_numbers      = [21]
  tunnel2_phase2_lifetime_seconds      = 3600
  tunnel2_dpd_timeout_seconds          = 30
  tunnel2_dpd_timeout_action           = "restart"
  tunnel2_startup_action               = "start"

  tags = merge(local.tags, { Name = "triangle-aws-oregon--gcp-oregon-${each.key}" })
}

# network.yaml:30: connect
resource "google_compute_external_vpn_gateway" "aws_oregon__gcp_oregon" {
  provider = google.net

  name            = "triangle-aws-oregon--gcp-oregon"
  redundancy_type = "FOUR_IPS_REDUNDANCY"
  labels          = local.labels

  interface {
    id         = 0
    ip_address = aws_vpn_connection.aws_oregon__gcp_oregon["c0"].tunnel1_address
  }

  interface {
    id         = 1
    ip_address = aws_vpn_connection.aws_oregon__gcp_oregon["c0"].tunnel2_address
  }

  interface {
    id         = 2
    ip_address = aws_vpn_connection.aws_oregon__gcp_oregon["c1"].tunnel1_address
  }

  interface {
    id         = 3
    ip_address = aws_vpn_connection.aws_oregon__gcp_oregon["c1"].tunnel2_address
  }
}

locals {
  aws_oregon__gcp_oregon_gcp_tunnels = {
    t0 = { interface = 0, peer_interface = 0, inside = "169.254.0.6/30", peer = "169.254.0.5", psk = "aws-oregon--gcp-oregon/0" }
    t1 = { interface = 0, peer_interface = 1, inside = "169.254.0.10/30", peer = "169.254.0.9", psk = "aws-oregon--gcp-oregon/1" }
    t2 = { interface = 1, peer_interface = 2, inside = "169.254.0.14/30", peer = "169.254.0.13", psk = "aws-oregon--gcp-oregon/2" }
    t3 = { interface = 1, peer_interface = 3, inside = "169.254.0.18/30", peer = "169.254.0.17", psk = "aws-oregon--gcp-oregon/3" }
  }
}

# network.yaml:30: connect
resource "google_compute_vpn_tunnel" "aws_oregon__gcp_oregon" {
  for_each = local.aws_oregon__gcp_oregon_gcp_tunnels
  provider = google.net

  name                            = "triangle-aws-oregon--gcp-oregon-${each.key}"
  region                          = "us-west1"
  vpn_gateway                     = google_compute_ha_vpn_gateway.gcp_oregon.id
  vpn_gateway_interface           = each.value.interface
  peer_external_gateway           = google_compute_external_vpn_gateway.aws_oregon__gcp_oregon.id
  peer_external_gateway_interface = each.value.peer_interface
  shared_secret                   = "k${random_password.psk[each.value.psk].result}"
  router                          = google_compute_router.gcp_oregon.name
  ike_version                     = 2
  labels                          = local.labels

  cipher_suite {
    phase1 {
      encryption = ["AES-GCM-16-256"]
      prf        = ["PRF-HMAC-SHA2-512"]
      dh         = ["Group-21"]
    }

    phase2 {
      encryption = ["AES-GCM-16-256"]
      pfs        = ["Group-21"]
    }
  }
}

# network.yaml:30: connect
resource "google_compute_router_interface" "aws_oregon__gcp_oregon" {
  for_each = local.aws_oregon__gcp_oregon_gcp_tunnels
  provider = google.net

  name       = "triangle-aws-oregon--gcp-oregon-${each.key}"
  region     = "us-west1"
  router     = google_compute_router.gcp_oregon.name
  ip_range   = each.value.inside
  vpn_tunnel = google_compute_vpn_tunnel.aws_oregon__gcp_oregon[each.key].name
}

# network.yaml:30: connect
resource "google_compute_router_peer" "aws_oregon__gcp_oregon" {
  for_each = local.aws_oregon__gcp_oregon_gcp_tunnels
  provider = google.net

  name            = "triangle-aws-oregon--gcp-oregon-${each.key}"
  region          = "us-west1"
  router          = google_compute_router.gcp_oregon.name
  interface       = google_compute_router_interface.aws_oregon__gcp_oregon[each.key].name
  peer_ip_address = each.value.peer
  peer_asn        = 64512
}
