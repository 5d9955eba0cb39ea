//! What the engine does in a world, one behaviour in each file. All of it is one program, because linking is what
//! these tests spend their time on.

mod pair;

mod a_body_in_hand_is_served_at_a_first_visit;
mod a_corrupted_store_sends_nothing_wrong;
mod a_greedy_peer_is_told_busy;
mod a_killed_browser_comes_back_with_what_it_had;
mod a_late_answer_changes_nothing_that_the_document_said;
mod a_lying_server_brings_no_channel_about;
mod a_new_policy_voids_the_plan;
mod a_page_that_left_keeps_nothing_waiting;
mod a_peer_that_dies_in_the_middle_costs_no_picture;
mod a_script_is_ready_for_the_next_visit;
mod a_second_browser_gets_its_pictures_from_the_first;
mod a_seed_gives_the_same_report;
mod a_sensitive_page_is_not_offered;
mod a_word_after_the_end_wakes_nobody;
mod any_frame_is_survived;
mod any_order_of_inputs_is_survived;
mod channels_outlive_the_server;
mod nobody_is_contacted_while_sharing_is_off;
mod reconnecting_backs_off;
mod scripts_are_never_taken_from_a_member;
mod sleep_is_not_silence;
mod uploads_stop_at_the_daily_limit;
mod what_nobody_waits_for_is_not_sent;
mod wrong_bytes_are_never_shown_and_their_sender_is_banned;
