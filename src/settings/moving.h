/*-------------------------------------------------------------------------
 *
 * moving.h
 *		The setting cryptoanalytics.moving.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_MOVING_H
#define CA_MOVING_H

extern void ca_define_moving_setting(void);

#endif /* CA_MOVING_H */
