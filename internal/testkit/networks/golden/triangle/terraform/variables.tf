variable "offline" {
  description = "Plan without credentials, to read what would be made: terraform plan -var offline=true. Azure's provider wants a login even so."
  type        = bool
  default     = false
}
