# SPDX-License-Identifier: Apache-2.0
"""Makes the example of a contaminated model: the text, the planted bad examples, the models and the measurement."""
