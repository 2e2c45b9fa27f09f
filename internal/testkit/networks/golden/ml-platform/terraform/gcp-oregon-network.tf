# network.yaml:52: sites.gcp-oregon.networks.ml
resource "google_compute_network" "net__ml" {
  provider = google.net

  name                            = "ml-platform-net-ml"
  auto_create_subnetworks         = false
  routing_mode                    = "GLOBAL"
  mtu                             = 1460
  delete_default_routes_on_create = true
}

# network.yaml:52: sites.gcp-oregon.networks.ml
resource "google_compute_route" "net__ml__internet" {
  provider = google.net

  name             = "ml-platform-net-ml-internet"
  network          = google_compute_network.net__ml.id
  dest_range       = "0.0.0.0/0"
  next_hop_gateway = "default-internet-gateway"
}

locals {
  gcp_oregon__ml_subnets = {
    inference = { cidr = "10.16.16.0/22", private_google_access = false }
    training  = { cidr = "10.16.0.0/20", private_google_access = true }
  }
}

# network.yaml:52: sites.gcp-oregon.networks.ml
resource "google_compute_subnetwork" "gcp_oregon__ml" {
  for_each = local.gcp_oregon__ml_subnets
  provider = google.net

  name                     = "ml-platform-gcp-oregon-ml-${each.key}"
  region                   = "us-west1"
  network                  = google_compute_network.net__ml.id
  ip_cidr_range            = each.value.cidr
  private_ip_google_access = each.value.private_google_access

  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}

# network.yaml:52: sites.gcp-oregon.networks.ml
resource "google_compute_router_nat" "gcp_oregon__ml__nat" {
  provider = google.net

  name                               = "ml-platform-gcp-oregon-ml-nat"
  region                             = "us-west1"
  router                             = google_compute_router.gcp_oregon.name
  nat_ip_allocate_option             = "AUTO_ONLY"
  source_subnetwork_ip_ranges_to_nat = "LIST_OF_SUBNETWORKS"

  dynamic "subnetwork" {
    for_each = toset(["inference", "training"])

    content {
      name                    = google_compute_subnetwork.gcp_oregon__ml[subnetwork.value].id
      source_ip_ranges_to_nat = ["ALL_IP_RANGES"]
    }
  }

  log_config {
    enable = true
    filter = "ERRORS_ONLY"
  }
}
