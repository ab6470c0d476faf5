#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A worker that closes its line to the host (descriptor 3), for WorkerProcessTests.
exec 3>&-
sleep 1000
