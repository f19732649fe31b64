/*-------------------------------------------------------------------------
 *
 * maintenance.h
 *		The settings of maintain().
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_MAINTENANCE_H
#define CA_MAINTENANCE_H

extern void ca_define_maintenance_settings(void);

#endif /* CA_MAINTENANCE_H */
