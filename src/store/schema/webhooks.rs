//! The tables of webhooks.

diesel::table! {
    webhook_endpoints (id) {
        id -> Text,
        partner_id -> Text,
        url -> Text,
        events -> Text,
        description -> Text,
        active -> Bool,
        created_at -> Timestamp,
        removed_at -> Nullable<Timestamp>,
        failing_since -> Nullable<Timestamp>,
        off_at -> Nullable<Timestamp>,
        off_because -> Nullable<Text>,
    }
}

diesel::table! {
    webhook_deliveries (id) {
        id -> Text,
        endpoint_id -> Text,
        payment_id -> Nullable<BigInt>,
        event_id -> Text,
        kind -> Text,
        position -> Integer,
        payload_sealed -> Nullable<Binary>,
        attempts -> Integer,
        due_at -> Nullable<Timestamp>,
        lease_until -> Nullable<Timestamp>,
        version -> BigInt,
        created_at -> Timestamp,
        tried_at -> Nullable<Timestamp>,
        delivered_at -> Nullable<Timestamp>,
        status_code -> Nullable<Integer>,
        last_error -> Nullable<Text>,
        answer_sealed -> Nullable<Binary>,
    }
}
