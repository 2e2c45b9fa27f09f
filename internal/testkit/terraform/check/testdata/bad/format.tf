variable "a" {
  type = string
}

output "a" {
    value = var.a # ERROR: not formatted as terraform fmt does
}
