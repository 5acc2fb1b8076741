"""Admission: a bounded queue, weighted fair shares of slots, and the memory budget of sandboxes."""
