# network.yaml:47: sites.gcp-oregon.gateway
resource "google_compute_ha_vpn_gateway" "gcp_oregon" {
  provider = google.net

  name    = "ml-platform-gcp-oregon"
  region  = "us-west1"
  network = google_compute_network.net__ml.id
  labels  = local.labels
}

# network.yaml:47: sites.gcp-oregon.gateway
resource "google_compute_router" "gcp_oregon" {
  provider = google.net

  name    = "ml-platform-gcp-oregon"
  region  = "us-west1"
  network = google_compute_network.net__ml.id

  bgp {
    asn                = 64515
    advertise_mode     = "CUSTOM"
    keepalive_interval = 60

    advertised_ip_ranges {
      range = "10.16.0.0/15"
    }
  }
}
