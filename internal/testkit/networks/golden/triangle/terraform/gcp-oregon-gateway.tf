# network.yaml:18: sites.gcp-oregon.gateway
resource "google_compute_ha_vpn_gateway" "gcp_oregon" {
  provider = google.net

  name    = "triangle-gcp-oregon"
  region  = "us-west1"
  network = google_compute_network.net__app.id
  labels  = local.labels
}

# network.yaml:18: sites.gcp-oregon.gateway
resource "google_compute_router" "gcp_oregon" {
  provider = google.net

  name    = "triangle-gcp-oregon"
  region  = "us-west1"
  network = google_compute_network.net__app.id

  bgp {
    asn                = 64514
    advertise_mode     = "CUSTOM"
    keepalive_interval = 60

    advertised_ip_ranges {
      range = "10.12.0.0/15"
    }
  }
}
