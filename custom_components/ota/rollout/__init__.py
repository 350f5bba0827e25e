"""Firmware rollouts without Home Assistant: releases, devices, waves, gates, jobs and wire formats."""
