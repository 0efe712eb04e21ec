//! The tables of the back office alone.

diesel::table! {
    onboarding_files (partner_id) {
        partner_id -> Text,
        version -> BigInt,
        complete -> Bool,
        file_sealed -> Nullable<Binary>,
        renewal_due_at -> Nullable<Timestamp>,
        ended_at -> Nullable<Timestamp>,
        ended_by -> Nullable<Text>,
        end_reason_sealed -> Nullable<Binary>,
        keep_until -> Nullable<Timestamp>,
        erased_at -> Nullable<Timestamp>,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    onboarding_versions (partner_id, version) {
        partner_id -> Text,
        version -> BigInt,
        at -> Timestamp,
        actor -> Text,
        changed -> Text,
        file_sealed -> Binary,
    }
}

diesel::table! {
    onboarding_documents (id) {
        id -> Text,
        partner_id -> Text,
        kind -> Text,
        name_sealed -> Binary,
        media_type -> Text,
        size_bytes -> BigInt,
        parts -> Integer,
        added_at -> Timestamp,
        added_by -> Text,
        removed_at -> Nullable<Timestamp>,
        removed_by -> Nullable<Text>,
        remove_reason_sealed -> Nullable<Binary>,
    }
}

diesel::table! {
    onboarding_document_parts (document_id, seq) {
        document_id -> Text,
        seq -> Integer,
        part_sealed -> Binary,
    }
}

diesel::table! {
    daily_jobs (name) {
        name -> Text,
        day -> Text,
    }
}

diesel::table! {
    retention_reports (id) {
        id -> Text,
        at -> Timestamp,
        actor -> Text,
        partners -> BigInt,
        documents -> BigInt,
        payments -> BigInt,
        mails -> BigInt,
        consents -> BigInt,
        applications -> BigInt,
    }
}

diesel::table! {
    payer_requests (id) {
        id -> Text,
        kind -> Text,
        email_sealed -> Nullable<Binary>,
        state -> Text,
        after_payment -> BigInt,
        scanned -> BigInt,
        version -> BigInt,
        due_at -> Nullable<Timestamp>,
        requested_by -> Text,
        created_at -> Timestamp,
        ended_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    payer_request_payments (request_id, payment_id) {
        request_id -> Text,
        payment_id -> BigInt,
        outcome -> Nullable<Text>,
        keep_until -> Nullable<Timestamp>,
    }
}

diesel::table! {
    saved_filters (id) {
        id -> Text,
        admin_id -> Text,
        name -> Text,
        query -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    exports (id) {
        id -> Text,
        admin_id -> Text,
        query -> Text,
        language -> Text,
        state -> Text,
        rows_done -> BigInt,
        version -> BigInt,
        due_at -> Nullable<Timestamp>,
        created_at -> Timestamp,
        ended_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    export_parts (export_id, seq) {
        export_id -> Text,
        seq -> Integer,
        part_sealed -> Binary,
    }
}

diesel::table! {
    audit_checkpoints (number) {
        number -> BigInt,
        seq -> BigInt,
        row_hash -> Text,
        at -> Timestamp,
        mac -> Text,
    }
}

diesel::table! {
    report_days (day, partner_id, bank_code, currency) {
        day -> Text,
        partner_id -> Text,
        bank_code -> Text,
        currency -> Text,
        payments -> BigInt,
        settled -> BigInt,
        partly_settled -> BigInt,
        rejected -> BigInt,
        cancelled -> BigInt,
        blocked -> BigInt,
        in_doubt -> BigInt,
        left_unopened -> BigInt,
        left_on_page -> BigInt,
        left_at_bank -> BigInt,
        without_order -> BigInt,
        settled_minor -> BigInt,
        settle_times -> Text,
        ordered_minor -> BigInt,
        largest_minor -> BigInt,
        unfinished -> BigInt,
        unreadable -> BigInt,
    }
}

diesel::table! {
    report_readers (admin_id) {
        admin_id -> Text,
        address_sealed -> Binary,
        since -> Timestamp,
    }
}

diesel::table! {
    reconciliations (id) {
        id -> Text,
        partner_id -> Nullable<Text>,
        direction -> Text,
        format -> Text,
        file_name_sealed -> Nullable<Binary>,
        account_sealed -> Nullable<Binary>,
        file_hash -> Text,
        size_bytes -> BigInt,
        mapping -> Nullable<Text>,
        state -> Text,
        problem -> Nullable<Text>,
        rows_done -> BigInt,
        totals -> Nullable<Text>,
        from_day -> Nullable<Text>,
        to_day -> Nullable<Text>,
        left_out -> BigInt,
        version -> BigInt,
        due_at -> Nullable<Timestamp>,
        created_by -> Text,
        created_at -> Timestamp,
        ended_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    reconciliation_parts (reconciliation_id, seq) {
        reconciliation_id -> Text,
        seq -> Integer,
        part_sealed -> Binary,
    }
}

diesel::table! {
    reconciliation_lines (reconciliation_id, seq) {
        reconciliation_id -> Text,
        seq -> BigInt,
        finding -> Text,
        payment_id -> Nullable<BigInt>,
        instruction -> Nullable<Integer>,
        day -> Text,
        amount_minor -> BigInt,
        currency -> Text,
        entry_sealed -> Nullable<Binary>,
    }
}

diesel::table! {
    report_passes (name) {
        name -> Text,
        counted_until -> Nullable<Timestamp>,
        due_at -> Nullable<Timestamp>,
        version -> BigInt,
    }
}

diesel::table! {
    partner_counts (partner_id, day, stage, client) {
        partner_id -> Text,
        day -> Text,
        stage -> Text,
        client -> Text,
        payments -> BigInt,
        sum_minor -> BigInt,
    }
}

diesel::table! {
    proposals (id) {
        id -> Text,
        kind -> Text,
        subject -> Text,
        change -> Text,
        before -> Text,
        state -> Text,
        proposed_by -> Text,
        proposed_at -> Timestamp,
        expires_at -> Timestamp,
        decided_by -> Nullable<Text>,
        decided_at -> Nullable<Timestamp>,
        reason -> Nullable<Text>,
    }
}

diesel::table! {
    partner_certificates (partner_id, sha256) {
        sha256 -> Text,
        partner_id -> Text,
        subject -> Text,
        issuer -> Text,
        key_kind -> Text,
        not_before -> Timestamp,
        not_after -> Timestamp,
        added_at -> Timestamp,
        removed_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    bank_calls (width_s, period, bank_code, kind) {
        width_s -> Integer,
        period -> Timestamp,
        bank_code -> Text,
        kind -> Text,
        done -> BigInt,
        refused -> BigInt,
        too_many -> BigInt,
        server_error -> BigInt,
        timed_out -> BigInt,
        unreachable -> BigInt,
        malformed -> BigInt,
        total_us -> BigInt,
        took_0 -> BigInt,
        took_1 -> BigInt,
        took_2 -> BigInt,
        took_3 -> BigInt,
        took_4 -> BigInt,
        took_5 -> BigInt,
        took_6 -> BigInt,
        took_7 -> BigInt,
        took_8 -> BigInt,
        took_9 -> BigInt,
        took_10 -> BigInt,
    }
}

diesel::table! {
    bank_contacts (bank_code) {
        bank_code -> Text,
        answered_at -> Nullable<Timestamp>,
        done_at -> Nullable<Timestamp>,
        failed_at -> Nullable<Timestamp>,
        failed_in_row -> BigInt,
    }
}

diesel::table! {
    bank_errors (id) {
        id -> Text,
        bank_code -> Text,
        at -> Timestamp,
        operation -> Text,
        outcome -> Text,
        http_status -> Nullable<Integer>,
        code -> Nullable<Text>,
        request_id -> Text,
        payment_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    bank_closures (id) {
        id -> Text,
        bank_code -> Text,
        from_at -> Timestamp,
        until_at -> Nullable<Timestamp>,
        message_ro -> Text,
        message_en -> Text,
        reason -> Text,
        admin_id -> Text,
        created_at -> Timestamp,
        ended_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    reseal_passes (name) {
        name -> Text,
        key_id -> BigInt,
        unit -> Integer,
        after_one -> Nullable<Text>,
        after_two -> BigInt,
        rows_seen -> BigInt,
        rows_all -> BigInt,
        values_resealed -> BigInt,
        started_at -> Nullable<Timestamp>,
        ended_at -> Nullable<Timestamp>,
        due_at -> Nullable<Timestamp>,
        version -> BigInt,
    }
}

diesel::table! {
    applications (id) {
        id -> Text,
        platform_id -> Text,
        external_client_id -> Text,
        request_hash -> Text,
        state -> Text,
        content_sealed -> Nullable<Binary>,
        note_sealed -> Nullable<Binary>,
        partner_id -> Nullable<Text>,
        version -> BigInt,
        decided_by -> Nullable<Text>,
        decided_at -> Nullable<Timestamp>,
        keep_until -> Nullable<Timestamp>,
        erased_at -> Nullable<Timestamp>,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    payer_request_consents (request_id, consent_id) {
        request_id -> Text,
        consent_id -> BigInt,
        outcome -> Nullable<Text>,
    }
}

diesel::table! {
    payment_keys (partner_id, key_hash) {
        partner_id -> Text,
        key_hash -> Text,
        payment_id -> BigInt,
    }
}

diesel::table! {
    signing_keys (kid) {
        kid -> Text,
        seq -> BigInt,
        public_jwk -> Text,
        private_sealed -> Nullable<Binary>,
        created_at -> Timestamp,
        signs_from -> Timestamp,
        signs_until -> Nullable<Timestamp>,
        shown_until -> Nullable<Timestamp>,
    }
}
