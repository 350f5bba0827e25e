"""Tests of ota's core package, without Home Assistant."""
