resource "google_compute_network" "app" {
  name                    = "app"
  auto_create_subnetworks = false
}

resource "google_compute_subnetwork" "web" {
  name          = "web"
  network       = google_compute_network.app.id
  region        = "europe-west1"
  ip_cidr_range = "10.6.0.0/24"
}

resource "google_compute_firewall" "inside" {
  name          = "inside"
  network       = google_compute_network.app.id
  source_ranges = ["10.6.0.0/24"]

  allow {
    protocol = "all"
  }
}
