variable "create_network_watchers" {
  description = "Make the network watchers: only where the subscription has opted out of Azure making them by itself."
  type        = bool
  default     = false
}

variable "offline" {
  description = "Plan without credentials, to read what would be made: terraform plan -var offline=true. Azure's provider wants a login even so."
  type        = bool
  default     = false
}
