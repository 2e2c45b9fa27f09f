# network.yaml:65: sites.azure-wus2.networks.ml.subnets.data
resource "azurerm_network_security_group" "azure_wus2__ml__data__nsg" {
  provider = azurerm.conn

  name                = "ml-platform-azure-wus2-ml-data"
  resource_group_name = azurerm_resource_group.azure_wus2.name
  location            = azurerm_resource_group.azure_wus2.location
  tags                = local.tags
}

locals {
  azure_wus2__ml__data__nsg_rules = {
    allow-from-subnet = { priority = 100, direction = "Inbound", access = "Allow", protocol = "*", ports = ["*"], from = ["10.4.0.0/22"], to = ["*"] }
    allow-path-mtu = {
      priority  = 110
      direction = "Inbound"
      access    = "Allow"
      protocol  = "Icmp"
      ports     = ["*"]
      from      = ["10.1.0.0/16", "10.4.0.0/14", "10.8.0.0/13", "10.16.0.0/14", "10.200.0.0/16"]
      to        = ["*"]
    }
    allow-load-balancer      = { priority = 120, direction = "Inbound", access = "Allow", protocol = "*", ports = ["*"], from = ["AzureLoadBalancer"], to = ["*"] }
    allow-training-tcp-5432  = { priority = 130, direction = "Inbound", access = "Allow", protocol = "Tcp", ports = ["5432"], from = ["10.8.0.0/20", "10.16.0.0/20"], to = ["*"] }
    deny-ingress             = { priority = 4096, direction = "Inbound", access = "Deny", protocol = "*", ports = ["*"], from = ["*"], to = ["*"] }
    allow-to-subnet          = { priority = 100, direction = "Outbound", access = "Allow", protocol = "*", ports = ["*"], from = ["*"], to = ["10.4.0.0/22"] }
    allow-to-service-storage = { priority = 110, direction = "Outbound", access = "Allow", protocol = "Tcp", ports = ["443"], from = ["*"], to = ["Storage"] }
    deny-egress              = { priority = 4096, direction = "Outbound", access = "Deny", protocol = "*", ports = ["*"], from = ["*"], to = ["*"] }
  }
}

# network.yaml:65: sites.azure-wus2.networks.ml.subnets.data
resource "azurerm_network_security_rule" "azure_wus2__ml__data__nsg" {
  for_each = local.azure_wus2__ml__data__nsg_rules
  provider = azurerm.conn

  name                         = each.key
  resource_group_name          = azurerm_resource_group.azure_wus2.name
  network_security_group_name  = azurerm_network_security_group.azure_wus2__ml__data__nsg.name
  priority                     = each.value.priority
  direction                    = each.value.direction
  access                       = each.value.access
  protocol                     = each.value.protocol
  source_port_range            = "*"
  destination_port_range       = length(each.value.ports) == 1 ? each.value.ports[0] : null
  destination_port_ranges      = length(each.value.ports) == 1 ? null : each.value.ports
  source_address_prefix        = length(each.value.from) == 1 ? each.value.from[0] : null
  source_address_prefixes      = length(each.value.from) == 1 ? null : each.value.from
  destination_address_prefix   = length(each.value.to) == 1 ? each.value.to[0] : null
  destination_address_prefixes = length(each.value.to) == 1 ? null : each.value.to
}

# network.yaml:65: sites.azure-wus2.networks.ml.subnets.data
resource "azurerm_subnet_network_security_group_association" "azure_wus2__ml__data" {
  provider = azurerm.conn

  subnet_id                 = azurerm_subnet.azure_wus2__ml["data"].id
  network_security_group_id = azurerm_network_security_group.azure_wus2__ml__data__nsg.id
}

# network.yaml:66: sites.azure-wus2.networks.ml.subnets.inference
resource "azurerm_network_security_group" "azure_wus2__ml__inference__nsg" {
  provider = azurerm.conn

  name                = "ml-platform-azure-wus2-ml-inference"
  resource_group_name = azurerm_resource_group.azure_wus2.name
  location            = azurerm_resource_group.azure_wus2.location
  tags                = local.tags
}

locals {
  azure_wus2__ml__inference__nsg_rules = {
    allow-from-subnet = { priority = 100, direction = "Inbound", access = "Allow", protocol = "*", ports = ["*"], from = ["10.4.4.0/22"], to = ["*"] }
    allow-path-mtu = {
      priority  = 110
      direction = "Inbound"
      access    = "Allow"
      protocol  = "Icmp"
      ports     = ["*"]
      from      = ["10.1.0.0/16", "10.4.0.0/14", "10.8.0.0/13", "10.16.0.0/14", "10.200.0.0/16"]
      to        = ["*"]
    }
    allow-load-balancer        = { priority = 120, direction = "Inbound", access = "Allow", protocol = "*", ports = ["*"], from = ["AzureLoadBalancer"], to = ["*"] }
    allow-headquarters-tcp-443 = { priority = 130, direction = "Inbound", access = "Allow", protocol = "Tcp", ports = ["443"], from = ["10.200.0.0/16"], to = ["*"] }
    deny-ingress               = { priority = 4096, direction = "Inbound", access = "Deny", protocol = "*", ports = ["*"], from = ["*"], to = ["*"] }
    allow-to-subnet            = { priority = 100, direction = "Outbound", access = "Allow", protocol = "*", ports = ["*"], from = ["*"], to = ["10.4.4.0/22"] }
    allow-to-training-tcp-443  = { priority = 110, direction = "Outbound", access = "Allow", protocol = "Tcp", ports = ["443"], from = ["*"], to = ["10.8.0.0/20", "10.16.0.0/20"] }
    deny-egress-own-network    = { priority = 4000, direction = "Outbound", access = "Deny", protocol = "*", ports = ["*"], from = ["*"], to = ["VirtualNetwork"] }
    allow-to-internet          = { priority = 4001, direction = "Outbound", access = "Allow", protocol = "*", ports = ["*"], from = ["*"], to = ["Internet"] }
    deny-egress                = { priority = 4096, direction = "Outbound", access = "Deny", protocol = "*", ports = ["*"], from = ["*"], to = ["*"] }
  }
}

# network.yaml:66: sites.azure-wus2.networks.ml.subnets.inference
resource "azurerm_network_security_rule" "azure_wus2__ml__inference__nsg" {
  for_each = local.azure_wus2__ml__inference__nsg_rules
  provider = azurerm.conn

  name                         = each.key
  resource_group_name          = azurerm_resource_group.azure_wus2.name
  network_security_group_name  = azurerm_network_security_group.azure_wus2__ml__inference__nsg.name
  priority                     = each.value.priority
  direction                    = each.value.direction
  access                       = each.value.access
  protocol                     = each.value.protocol
  source_port_range            = "*"
  destination_port_range       = length(each.value.ports) == 1 ? each.value.ports[0] : null
  destination_port_ranges      = length(each.value.ports) == 1 ? null : each.value.ports
  source_address_prefix        = length(each.value.from) == 1 ? each.value.from[0] : null
  source_address_prefixes      = length(each.value.from) == 1 ? null : each.value.from
  destination_address_prefix   = length(each.value.to) == 1 ? each.value.to[0] : null
  destination_address_prefixes = length(each.value.to) == 1 ? null : each.value.to
}

# network.yaml:66: sites.azure-wus2.networks.ml.subnets.inference
resource "azurerm_subnet_network_security_group_association" "azure_wus2__ml__inference" {
  provider = azurerm.conn

  subnet_id                 = azurerm_subnet.azure_wus2__ml["inference"].id
  network_security_group_id = azurerm_network_security_group.azure_wus2__ml__inference__nsg.id
}
