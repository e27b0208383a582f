"""Measure an exported model on BEIR-format sets: does it still order candidates as the exact one does, and how fast?"""
