# network.yaml:57: sites.azure-wus2
resource "azurerm_resource_group" "azure_wus2" {
  provider = azurerm.conn

  name     = "ml-platform-azure-wus2"
  location = "westus2"
  tags     = local.tags
}

# network.yaml:62: sites.azure-wus2.networks.ml
resource "azurerm_virtual_network" "azure_wus2__ml" {
  provider = azurerm.conn

  name                = "ml-platform-azure-wus2-ml"
  resource_group_name = azurerm_resource_group.azure_wus2.name
  location            = azurerm_resource_group.azure_wus2.location
  address_space       = ["10.4.0.0/16"]
  tags                = local.tags
}

locals {
  azure_wus2__ml_subnets = {
    data      = { prefix = "10.4.0.0/22", services = ["Microsoft.Storage"] }
    inference = { prefix = "10.4.4.0/22", services = [] }
  }
}

# network.yaml:65: sites.azure-wus2.networks.ml.subnets.data
resource "azurerm_subnet" "azure_wus2__ml" {
  for_each = local.azure_wus2__ml_subnets
  provider = azurerm.conn

  name                            = each.key
  resource_group_name             = azurerm_resource_group.azure_wus2.name
  virtual_network_name            = azurerm_virtual_network.azure_wus2__ml.name
  address_prefixes                = [each.value.prefix]
  default_outbound_access_enabled = false

  dynamic "service_endpoint" {
    for_each = each.value.services

    content {
      service = service_endpoint.value
    }
  }
}

# network.yaml:62: sites.azure-wus2.networks.ml.subnets.GatewaySubnet
resource "azurerm_subnet" "azure_wus2__ml__GatewaySubnet" {
  provider = azurerm.conn

  name                 = "GatewaySubnet"
  resource_group_name  = azurerm_resource_group.azure_wus2.name
  virtual_network_name = azurerm_virtual_network.azure_wus2__ml.name
  address_prefixes     = ["10.4.8.0/27"]
}

# network.yaml:62: sites.azure-wus2.networks.ml
resource "azurerm_public_ip" "azure_wus2__ml__nat" {
  provider = azurerm.conn

  name                = "ml-platform-azure-wus2-ml-nat"
  resource_group_name = azurerm_resource_group.azure_wus2.name
  location            = azurerm_resource_group.azure_wus2.location
  allocation_method   = "Static"
  sku                 = "Standard"
  zones               = ["1", "2", "3"]
  tags                = local.tags
}

# network.yaml:62: sites.azure-wus2.networks.ml
resource "azurerm_nat_gateway" "azure_wus2__ml__nat" {
  provider = azurerm.conn

  name                = "ml-platform-azure-wus2-ml-nat"
  resource_group_name = azurerm_resource_group.azure_wus2.name
  location            = azurerm_resource_group.azure_wus2.location
  sku_name            = "Standard"
  tags                = local.tags
}

# network.yaml:62: sites.azure-wus2.networks.ml
resource "azurerm_nat_gateway_public_ip_association" "azure_wus2__ml__nat" {
  provider = azurerm.conn

  nat_gateway_id       = azurerm_nat_gateway.azure_wus2__ml__nat.id
  public_ip_address_id = azurerm_public_ip.azure_wus2__ml__nat.id
}

# network.yaml:62: sites.azure-wus2.networks.ml
resource "azurerm_subnet_nat_gateway_association" "azure_wus2__ml__nat" {
  for_each = {
    inference = azurerm_subnet.azure_wus2__ml["inference"].id
  }
  provider = azurerm.conn

  subnet_id      = each.value
  nat_gateway_id = azurerm_nat_gateway.azure_wus2__ml__nat.id
}
