locals {
  # What everything on AWS and Azure is tagged with.
  tags = {
    ManagedBy   = "tieline"
    environment = "production"
    team        = "network"
  }

  # The same as labels of Google Cloud.
  labels = {
    environment = "production"
    managed-by  = "tieline"
    team        = "network"
  }
}
