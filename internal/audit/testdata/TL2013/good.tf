resource "google_compute_network" "app" {
  name                    = "app"
  auto_create_subnetworks = false
}

resource "google_compute_subnetwork" "web" {
  name          = "web"
  network       = google_compute_network.app.id
  region        = "europe-west1"
  ip_cidr_range = "10.16.0.0/24"

  log_config {
    aggregation_interval = "INTERVAL_5_SEC"
  }
}

resource "google_compute_firewall" "icmp" {
  name          = "allow-ping-within"
  network       = google_compute_network.app.id
  direction     = "INGRESS"
  priority      = 1000
  source_ranges = ["10.16.0.0/24"]

  allow {
    protocol = "icmp"
  }
}
