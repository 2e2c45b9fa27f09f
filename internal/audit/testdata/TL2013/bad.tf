resource "google_compute_network" "default" {
  name                    = "default"
  auto_create_subnetworks = false
}

resource "google_compute_subnetwork" "web" {
  name          = "web"
  network       = google_compute_network.default.id
  region        = "europe-west1"
  ip_cidr_range = "10.16.0.0/24"

  log_config {
    aggregation_interval = "INTERVAL_5_SEC"
  }
}

resource "google_compute_firewall" "icmp" {
  name          = "default-allow-icmp"
  network       = google_compute_network.default.id
  direction     = "INGRESS"
  priority      = 65534
  source_ranges = ["0.0.0.0/0"]

  allow {
    protocol = "icmp"
  }
}
