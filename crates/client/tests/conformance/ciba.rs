//! Tests of the plan for clients of FAPI-CIBA.
