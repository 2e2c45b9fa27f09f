locals {
  tunnels = {
    for i in range(4) : "t${i}" => {
      connection = floor(i / 2)
      key        = i
      address    = i % 2 == 0 ? aws_vpn_connection.gcp[floor(i / 2)].tunnel1_address : aws_vpn_connection.gcp[floor(i / 2)].tunnel2_address
      peer       = i % 2 == 0 ? aws_vpn_connection.gcp[floor(i / 2)].tunnel1_vgw_inside_address : aws_vpn_connection.gcp[floor(i / 2)].tunnel2_vgw_inside_address
      own        = i % 2 == 0 ? aws_vpn_connection.gcp[floor(i / 2)].tunnel1_cgw_inside_address : aws_vpn_connection.gcp[floor(i / 2)].tunnel2_cgw_inside_address
    }
  }
}

resource "google_compute_network" "ml" {
  name                    = "ml"
  auto_create_subnetworks = false
  routing_mode            = "GLOBAL"
}

resource "google_compute_subnetwork" "training" {
  name          = "training"
  region        = "us-west1"
  network       = google_compute_network.ml.id
  ip_cidr_range = "10.1.0.0/20"
}

resource "google_compute_ha_vpn_gateway" "ml" {
  name    = "ml"
  region  = "us-west1"
  network = google_compute_network.ml.id
}

resource "google_compute_external_vpn_gateway" "aws" {
  name            = "aws"
  redundancy_type = "FOUR_IPS_REDUNDANCY"

  dynamic "interface" {
    for_each = local.tunnels
    content {
      id         = interface.value.key
      ip_address = interface.value.address
    }
  }
}

resource "google_compute_router" "ml" {
  name    = "ml"
  region  = "us-west1"
  network = google_compute_network.ml.id

  bgp {
    asn               = 64513
    advertise_mode    = "CUSTOM"
    advertised_groups = ["ALL_SUBNETS"]
  }
}

resource "random_password" "psk" {
  count   = 4
  length  = 32
  special = false
}

resource "google_compute_vpn_tunnel" "aws" {
  for_each = local.tunnels

  name                            = "aws-${each.key}"
  region                          = "us-west1"
  vpn_gateway                     = google_compute_ha_vpn_gateway.ml.id
  vpn_gateway_interface           = each.value.connection
  peer_external_gateway           = google_compute_external_vpn_gateway.aws.id
  peer_external_gateway_interface = each.value.key
  shared_secret                   = "k${random_password.psk[each.value.key].result}"
  router                          = google_compute_router.ml.id
  ike_version                     = 2
}

resource "google_compute_router_interface" "aws" {
  for_each = local.tunnels

  name       = "aws-${each.key}"
  region     = "us-west1"
  router     = google_compute_router.ml.name
  ip_range   = "${each.value.own}/30"
  vpn_tunnel = google_compute_vpn_tunnel.aws[each.key].name
}

resource "google_compute_router_peer" "aws" {
  for_each = local.tunnels

  name                      = "aws-${each.key}"
  region                    = "us-west1"
  router                    = google_compute_router.ml.name
  interface                 = google_compute_router_interface.aws[each.key].name
  peer_ip_address           = each.value.peer
  peer_asn                  = 64512
  advertised_route_priority = 100
}

output "tunnel_addresses" {
  value = { for name, t in local.tunnels : name => t.address }
}
