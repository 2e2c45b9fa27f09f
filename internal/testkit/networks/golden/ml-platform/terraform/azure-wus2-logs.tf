# network.yaml:57: sites.azure-wus2
resource "azurerm_storage_account" "conn__westus2" {
  provider = azurerm.conn

  name                            = "mlplatform1zfuvc2p11v3h"
  resource_group_name             = azurerm_resource_group.azure_wus2.name
  location                        = azurerm_resource_group.azure_wus2.location
  account_tier                    = "Standard"
  account_replication_type        = "LRS"
  min_tls_version                 = "TLS1_2"
  https_traffic_only_enabled      = true
  allow_nested_items_to_be_public = false
  tags                            = local.tags
}

# network.yaml:57: sites.azure-wus2
resource "azurerm_network_watcher" "conn__westus2" {
  count    = var.create_network_watchers ? 1 : 0
  provider = azurerm.conn

  name                = "NetworkWatcher_westus2"
  resource_group_name = azurerm_resource_group.azure_wus2.name
  location            = azurerm_resource_group.azure_wus2.location
  tags                = local.tags
}

# network.yaml:62: sites.azure-wus2.networks.ml
resource "azurerm_network_watcher_flow_log" "azure_wus2__ml" {
  provider = azurerm.conn

  name                 = "ml-platform-azure-wus2-ml"
  network_watcher_name = "NetworkWatcher_westus2"
  resource_group_name  = coalesce(one(azurerm_network_watcher.conn__westus2[*].resource_group_name), "NetworkWatcherRG")
  location             = "westus2"
  target_resource_id   = azurerm_virtual_network.azure_wus2__ml.id
  storage_account_id   = azurerm_storage_account.conn__westus2.id
  enabled              = true
  version              = 2
  tags                 = local.tags

  retention_policy {
    enabled = true
    days    = 90
  }
}
