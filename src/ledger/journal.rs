//! The journal: the ledger's file.
