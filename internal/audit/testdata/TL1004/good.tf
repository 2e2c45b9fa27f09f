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

resource "google_compute_subnetwork" "data" {
  name          = "data"
  network       = google_compute_network.app.id
  region        = "europe-west1"
  ip_cidr_range = "10.6.1.0/24"
}

resource "google_compute_firewall" "inside_web" {
  name               = "inside-web"
  network            = google_compute_network.app.id
  source_ranges      = ["10.6.0.0/24"]
  destination_ranges = ["10.6.0.0/24"]

  allow {
    protocol = "all"
  }
}

resource "google_compute_firewall" "inside_data" {
  name               = "inside-data"
  network            = google_compute_network.app.id
  source_ranges      = ["10.6.1.0/24"]
  destination_ranges = ["10.6.1.0/24"]

  allow {
    protocol = "all"
  }
}

resource "google_compute_firewall" "database" {
  name               = "database"
  network            = google_compute_network.app.id
  source_ranges      = ["10.6.0.0/24"]
  destination_ranges = ["10.6.1.0/24"]

  allow {
    protocol = "tcp"
    ports    = ["5432"]
  }
}
