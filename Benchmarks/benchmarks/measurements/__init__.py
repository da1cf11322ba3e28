"""Servers, clients and samples."""
