# network.yaml:79: connect
resource "google_compute_external_vpn_gateway" "azure_wus2__gcp_oregon" {
  provider = google.net

  name            = "ml-platform-azure-wus2--gcp-oregon"
  redundancy_type = "TWO_IPS_REDUNDANCY"
  labels          = local.labels

  interface {
    id         = 0
    ip_address = azurerm_public_ip.azure_wus2["0"].ip_address
  }

  interface {
    id         = 1
    ip_address = azurerm_public_ip.azure_wus2["1"].ip_address
  }
}

locals {
  azure_wus2__gcp_oregon_gcp_tunnels = {
    t0 = { interface = 0, peer_interface = 0, inside = "169.254.21.18/30", peer = "169.254.21.17", psk = "azure-wus2--gcp-oregon/0" }
    t1 = { interface = 1, peer_interface = 1, inside = "169.254.21.22/30", peer = "169.254.21.21", psk = "azure-wus2--gcp-oregon/1" }
  }
}

# network.yaml:79: connect
resource "google_compute_vpn_tunnel" "azure_wus2__gcp_oregon" {
  for_each = local.azure_wus2__gcp_oregon_gcp_tunnels
  provider = google.net

  name                            = "ml-platform-azure-wus2--gcp-oregon-${each.key}"
  region                          = "us-west1"
  vpn_gateway                     = google_compute_ha_vpn_gateway.gcp_oregon.id
  vpn_gateway_interface           = each.value.interface
  peer_external_gateway           = google_compute_external_vpn_gateway.azure_wus2__gcp_oregon.id
  peer_external_gateway_interface = each.value.peer_interface
  shared_secret                   = "k${random_password.psk[each.value.psk].result}"
  router                          = google_compute_router.gcp_oregon.name
  ike_version                     = 2
  labels                          = local.labels

  cipher_suite {
    phase1 {
      encryption = ["AES-GCM-16-256"]
      prf        = ["PRF-HMAC-SHA2-384"]
      dh         = ["Group-20"]
    }

    phase2 {
      encryption = ["AES-GCM-16-256"]
      pfs        = ["Group-20"]
    }
  }
}

# network.yaml:79: connect
resource "google_compute_router_interface" "azure_wus2__gcp_oregon" {
  for_each = local.azure_wus2__gcp_oregon_gcp_tunnels
  provider = google.net

  name       = "ml-platform-azure-wus2--gcp-oregon-${each.key}"
  region     = "us-west1"
  router     = google_compute_router.gcp_oregon.name
  ip_range   = each.value.inside
  vpn_tunnel = google_compute_vpn_tunnel.azure_wus2__gcp_oregon[each.key].name
}

# network.yaml:79: connect
resource "google_compute_router_peer" "azure_wus2__gcp_oregon" {
  for_each = local.azure_wus2__gcp_oregon_gcp_tunnels
  provider = google.net

  name            = "ml-platform-azure-wus2--gcp-oregon-${each.key}"
  region          = "us-west1"
  router          = google_compute_router.gcp_oregon.name
  interface       = google_compute_router_interface.azure_wus2__gcp_oregon[each.key].name
  peer_ip_address = each.value.peer
  peer_asn        = 64514
}

locals {
  azure_wus2__gcp_oregon_azure = {
    t0 = {
      peer_address = google_compute_ha_vpn_gateway.gcp_oregon.vpn_interfaces[0].ip_address
      peer_bgp     = "169.254.21.18"
      bgp_0        = "169.254.21.17"
      bgp_1        = "169.254.21.21"
      psk          = "azure-wus2--gcp-oregon/0"
    }
    t1 = {
      peer_address = google_compute_ha_vpn_gateway.gcp_oregon.vpn_interfaces[1].ip_address
      peer_bgp     = "169.254.21.22"
      bgp_0        = "169.254.21.17"
      bgp_1        = "169.254.21.21"
      psk          = "azure-wus2--gcp-oregon/1"
    }
  }
}

# network.yaml:79: connect
resource "azurerm_local_network_gateway" "azure_wus2__gcp_oregon" {
  for_each = local.azure_wus2__gcp_oregon_azure
  provider = azurerm.conn

  name                = "ml-platform-azure-wus2--gcp-oregon-${each.key}"
  resource_group_name = azurerm_resource_group.azure_wus2.name
  location            = azurerm_resource_group.azure_wus2.location
  gateway_address     = each.value.peer_address
  tags                = local.tags

  bgp_settings {
    asn                 = 64515
    bgp_peering_address = each.value.peer_bgp
  }
}

# network.yaml:79: connect
resource "azurerm_virtual_network_gateway_connection" "azure_wus2__gcp_oregon" {
  for_each = local.azure_wus2__gcp_oregon_azure
  provider = azurerm.conn

  name                       = "ml-platform-azure-wus2--gcp-oregon-${each.key}"
  resource_group_name        = azurerm_resource_group.azure_wus2.name
  location                   = azurerm_resource_group.azure_wus2.location
  type                       = "IPsec"
  connection_protocol        = "IKEv2"
  connection_mode            = "Default"
  virtual_network_gateway_id = azurerm_virtual_network_gateway.azure_wus2.id
  local_network_gateway_id   = azurerm_local_network_gateway.azure_wus2__gcp_oregon[each.key].id
  shared_key                 = "k${random_password.psk[each.value.psk].result}"
  dpd_timeout_seconds        = 45
  bgp_enabled                = true
  tags                       = local.tags

  custom_bgp_addresses {
    primary   = each.value.bgp_0
    secondary = each.value.bgp_1
  }

  ipsec_policy {
    ike_encryption   = "GCMAES256"
    ike_integrity    = "SHA384"
    dh_group         = "ECP384"
    ipsec_encryption = "GCMAES256"
    ipsec_integrity  = "GCMAES256"
    pfs_group        = "ECP384"
    sa_lifetime      = 27000
  }
}
