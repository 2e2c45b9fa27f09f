# network.yaml:22: sites.gcp-oregon.networks.app
resource "google_compute_network" "net__app" {
  provider = google.net

  name                            = "triangle-net-app"
  auto_create_subnetworks         = false
  routing_mode                    = "GLOBAL"
  mtu                             = 1460
  delete_default_routes_on_create = true
}

locals {
  gcp_oregon__app_subnets = {
    app = { cidr = "10.12.0.0/20", private_google_access = false }
  }
}

# network.yaml:22: sites.gcp-oregon.networks.app
resource "google_compute_subnetwork" "gcp_oregon__app" {
  for_each = local.gcp_oregon__app_subnets
  provider = google.net

  name                     = "triangle-gcp-oregon-app-${each.key}"
  region                   = "us-west1"
  network                  = google_compute_network.net__app.id
  ip_cidr_range            = each.value.cidr
  private_ip_google_access = each.value.private_google_access

  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}
