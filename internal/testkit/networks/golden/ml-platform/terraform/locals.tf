locals {
  # What everything on AWS and Azure is tagged with.
  tags = {
    ManagedBy   = "tieline"
    cost-center = "research"
    environment = "production"
    team        = "ml"
  }

  # The same as labels of Google Cloud.
  labels = {
    cost-center = "research"
    environment = "production"
    managed-by  = "tieline"
    team        = "ml"
  }
}
